/**
 * What a scalar means to go-yaml v2, the parser behind sigs.k8s.io/yaml (its resolve.go): YAML 1.1 without sexagesimal
 * numbers. `yes` is a boolean, 1.30 the number 1.3, and 010 the number 8.
 */
import { YamlProblem } from './problem.ts';

export type ScalarValue = string | number | boolean | null;

const WORDS = new Map<string, ScalarValue>([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map(
    (word) => [word, true] as const,
  ),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map(
    (word) => [word, false] as const,
  ),
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
  ...['.nan', '.NaN', '.NAN'].map((word) => [word, Number.NaN] as const),
  ...['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF'].map(
    (word) => [word, Number.POSITIVE_INFINITY] as const,
  ),
  ...['-.inf', '-.Inf', '-.INF'].map((word) => [word, Number.NEGATIVE_INFINITY] as const),
]);

const INTEGER = /^([-+]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|0[0-7]*|[1-9][0-9]*)$/;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const [LEAST_INTEGER, LARGEST_INTEGER] = [-(2n ** 63n), 2n ** 64n - 1n];

/** A scalar without quotes and tag. */
export function resolvePlain(text: string): ScalarValue {
  const word = WORDS.get(text);
  if (word !== undefined) return word;
  return /^[-+.0-9]/.test(text) ? (numberOf(text) ?? text) : text;
}

function numberOf(text: string): number | undefined {
  const plain = text.startsWith('.') ? text : text.replaceAll('_', '');
  const integer = integerOf(plain);
  if (integer !== undefined) return integer;
  const value = FLOAT.test(plain) ? Number(plain) : Number.NaN;
  return Number.isFinite(value) ? value : undefined;
}

/** strconv.ParseInt with base 0; undefined for what 64 bits cannot hold. */
function integerOf(text: string): number | undefined {
  const [, sign = '', digits] = INTEGER.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const magnitude = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits);
  const value = sign === '-' ? -magnitude : magnitude;
  const fits = value >= LEAST_INTEGER && value <= LARGEST_INTEGER;
  return fits && !(sign === '+' && value >= 2n ** 63n) ? Number(value) : undefined;
}

const TAG_PREFIX = 'tag:yaml.org,2002:';

/** A scalar with a tag such as `!!str`. A tag that YAML 1.1 does not know leaves a string. */
export function resolveTagged(tag: string, text: string): ScalarValue {
  if (!tag.startsWith(TAG_PREFIX)) return text;
  const name = tag.slice(TAG_PREFIX.length);
  if (name === 'binary') return decodeBinary(text);
  if (!['bool', 'int', 'float', 'null'].includes(name)) return text;
  const value = resolvePlain(text);
  if (typeNames(value).includes(name)) return value;
  throw new YamlProblem(`cannot decode ${JSON.stringify(text)} as !!${name}`);
}

function typeNames(value: ScalarValue): string[] {
  if (value === null) return ['null'];
  if (typeof value === 'boolean') return ['bool'];
  if (typeof value === 'number') return Number.isInteger(value) ? ['int', 'float'] : ['float'];
  return [];
}

/** Go's base64.StdEncoding ignores newlines and nothing else. */
function decodeBinary(text: string): string {
  const digits = text.replaceAll(/[\r\n]/g, '');
  const bytes = Buffer.from(digits, 'base64');
  if (bytes.toString('base64') !== digits) throw new YamlProblem('a !!binary value is not base64');
  return bytes.toString('utf8');
}
