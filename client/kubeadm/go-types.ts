/**
 * Go types as data, and the decoding of JSON into them as k8s.io/apimachinery does it (sigs.k8s.io/json: names are case
 * sensitive, a number is not a string, and null means unset). kubeadm refuses a value of another type, and warns of a
 * field that a type does not have.
 */
import { parseGoDuration } from '../../lib/duration.ts';
import type { GoMap, GoValue } from './go-yaml/go-yaml.ts';

export type GoType =
  | 'string'
  | 'bool'
  | 'int32'
  /** metav1.Duration */
  | 'duration'
  /** Not looked at: kubeadm checks it, and no certificate depends on it. */
  | 'any'
  | { readonly list: GoType }
  | { readonly map: GoType }
  | { readonly struct: GoFields };

export interface GoFields {
  readonly [field: string]: GoType;
}

export const list = <const T extends GoType>(type: T) => ({ list: type });
export const map = <const T extends GoType>(type: T) => ({ map: type });
export const struct = <const T extends GoFields>(fields: T) => ({ struct: fields });

/** A decoded value. Every field of a struct may be missing. */
export type Decoded<T extends GoType> = T extends 'string' | 'duration'
  ? string
  : T extends 'bool'
    ? boolean
    : T extends 'int32'
      ? number
      : T extends { readonly list: infer Item extends GoType }
        ? readonly Decoded<Item>[]
        : T extends { readonly map: infer Item extends GoType }
          ? Readonly<Record<string, Decoded<Item>>>
          : T extends { readonly struct: infer Fields extends GoFields }
            ? { readonly [Field in keyof Fields]?: Decoded<Fields[Field]> | undefined }
            : unknown;

export interface DecodeFindings {
  /** `apiServer.certSANs[0]: is a number, must be a string` */
  readonly problems: string[];
  /** Paths of fields that the type does not have. */
  readonly unknownFields: string[];
}

/** Problems are added to `findings`; the value is then incomplete. */
export function decode<const T extends GoType>(
  type: T,
  value: GoValue,
  findings: DecodeFindings,
): Decoded<T> | undefined {
  return decodeAt(type, value, '', findings) as Decoded<T> | undefined;
}

function decodeAt(type: GoType, value: GoValue, path: string, findings: DecodeFindings): unknown {
  if (value === null || value === undefined) return undefined;
  if (typeof type === 'string') return decodeScalar(type, value, path, findings);
  if ('list' in type) return decodeList(type.list, value, path, findings);
  if (!(value instanceof Map)) return mismatch(value, 'a map', path, findings);
  return 'map' in type
    ? decodeMap(type.map, value, path, findings)
    : decodeStruct(type.struct, value, path, findings);
}

function decodeList(item: GoType, value: GoValue, path: string, findings: DecodeFindings): unknown {
  if (!Array.isArray(value)) return mismatch(value, 'a list', path, findings);
  return (value as readonly GoValue[]).map(
    (inner, i) => decodeAt(item, inner, `${path}[${i}]`, findings) ?? zeroOf(item),
  );
}

function decodeMap(item: GoType, value: GoMap, path: string, findings: DecodeFindings): unknown {
  return Object.fromEntries(
    [...value].map(([key, inner]) => [
      key,
      decodeAt(item, inner, join(path, key), findings) ?? zeroOf(item),
    ]),
  );
}

function decodeStruct(
  fields: GoFields,
  value: GoMap,
  path: string,
  findings: DecodeFindings,
): unknown {
  const known = [...value].flatMap(([key, inner]) => {
    const type = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (type === undefined) findings.unknownFields.push(join(path, key));
    return type === undefined ? [] : [[key, decodeAt(type, inner, join(path, key), findings)]];
  });
  return Object.fromEntries(known);
}

type Scalar = Exclude<GoType, object>;

const INT32 = 2 ** 31;
const DESCRIPTIONS: Readonly<Record<Scalar, string>> = {
  string: 'a string',
  bool: 'true or false',
  int32: 'a whole number',
  duration: 'a duration such as 8760h0m0s',
  any: 'anything',
};
const HOLDS: Readonly<Record<Scalar, (value: GoValue) => boolean>> = {
  string: (value) => typeof value === 'string',
  bool: (value) => typeof value === 'boolean',
  int32: (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= -INT32 && value < INT32,
  duration: (value) => typeof value === 'string' && parseGoDuration(value) !== undefined,
  any: () => true,
};

function decodeScalar(
  type: Scalar,
  value: GoValue,
  path: string,
  findings: DecodeFindings,
): unknown {
  return HOLDS[type](value) ? value : mismatch(value, DESCRIPTIONS[type], path, findings);
}

function mismatch(
  value: GoValue,
  wanted: string,
  path: string,
  findings: DecodeFindings,
): undefined {
  const quote = wanted === DESCRIPTIONS.string ? ', so quote it' : '';
  findings.problems.push(`${path}: must be ${wanted}, and is ${describe(value)}${quote}`);
}

function describe(value: GoValue): string {
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Map) return 'a map';
  return typeof value === 'string' ? JSON.stringify(value) : `the ${typeof value} ${value}`;
}

/** What null becomes as an item of a list or a map. */
function zeroOf(type: GoType): unknown {
  if (typeof type !== 'string') return 'list' in type ? [] : {};
  return { string: '', duration: '', bool: false, int32: 0, any: null }[type];
}

export const join = (path: string, key: string) => (path === '' ? key : `${path}.${key}`);
