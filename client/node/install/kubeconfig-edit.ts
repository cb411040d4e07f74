/**
 * Puts new certificate data into a kubeconfig and leaves every other character as the user wrote it: comments, order,
 * unknown keys, quotes, line ends. Values are replaced where they stand in the source.
 */
import { isDeepStrictEqual } from 'node:util';
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Pair,
  parseDocument,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import { yamlProblem } from '../../yaml-problem.ts';
import { KubeconfigError } from '../disk/kubeconfig.ts';

export interface KubeconfigData {
  readonly userName: string;
  readonly clusterName: string | undefined;
  /** PEM; what is left out stays. */
  readonly certificate?: string | undefined;
  readonly privateKey?: string | undefined;
  readonly certificateAuthority?: string | undefined;
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

type Names = 'users' | 'clusters';

/** @throws KubeconfigError where a change would reach further than it is meant to */
export function editKubeconfig(yaml: string, data: KubeconfigData): string {
  const wishes = wishesOf(data);
  const edited = wishes.reduce(grant, yaml);
  checkEffect(yaml, edited, wishes);
  return edited;
}

/** One at a time, each in the source that the one before left: two may stand at the same place. */
function grant(yaml: string, { list, name, key, value }: Wish): string {
  const document = parseDocument(yaml);
  const [error] = document.errors;
  if (error) throw new KubeconfigError(`it is no YAML: ${yamlProblem(error)}`);
  const { start, end, text } = edit(yaml, findEntry(document, list, name), key, value);
  return yaml.slice(0, start) + text + yaml.slice(end);
}

interface Wish {
  readonly list: Names;
  readonly name: string;
  readonly key: string;
  readonly value: string;
}

function wishesOf({ userName, clusterName, ...data }: KubeconfigData): Wish[] {
  const wish = (list: Names, name: string | undefined, key: string, pem: string | undefined) =>
    pem === undefined || name === undefined
      ? []
      : [{ list, name, key, value: Buffer.from(pem).toString('base64') }];
  return [
    ...wish('users', userName, 'client-certificate-data', data.certificate),
    ...wish('users', userName, 'client-key-data', data.privateKey),
    ...wish('clusters', clusterName, 'certificate-authority-data', data.certificateAuthority),
  ];
}

/** The map `user` or `cluster` of the entry with this name. */
function findEntry(document: Document.Parsed, list: Names, name: string): YAMLMap {
  const inner = list === 'users' ? 'user' : 'cluster';
  const entries = document.get(list, true);
  if (isSeq(entries))
    for (const entry of entries.items) {
      if (!isMap(entry) || entry.get('name') !== name) continue;
      const found = entry.get(inner, true);
      const map = isAlias(found) ? found.resolve(document) : found;
      if (isMap(map)) return map as YAMLMap;
    }
  throw new KubeconfigError(`${list} holds no map ${inner} of ${name}`);
}

function edit(yaml: string, map: YAMLMap, key: string, value: string): Edit {
  const pair = map.items.find((item) => isScalar(item.key) && item.key.value === key);
  return pair ? replace(yaml, pair, key, value) : insert(yaml, map, key, value);
}

function replace(yaml: string, pair: Pair, key: string, value: string): Edit {
  const node = pair.value as Scalar | null;
  const range = node?.range;
  if (!range) throw new KubeconfigError(`${key} has no place in the source`);
  const [start, end] = range;
  if (isScalar(node) && node.type === 'QUOTE_DOUBLE') return { start, end, text: `"${value}"` };
  if (isScalar(node) && node.type === 'QUOTE_SINGLE') return { start, end, text: `'${value}'` };
  const source = yaml.slice(start, end);
  // a block scalar reaches over its last line end; an empty value starts right behind the colon
  const lineEnd = /\r?\n\s*$/.exec(source)?.[0] ?? '';
  const space = start === end && yaml[start - 1] === ':' ? ' ' : '';
  return { start, end, text: `${space}${value}${lineEnd}` };
}

/** In front of the first key of the map, in the style of the map. */
function insert(yaml: string, map: YAMLMap, key: string, value: string): Edit {
  const [first] = map.items;
  const firstKey = first?.key;
  if (!isScalar(firstKey) || !firstKey.range) {
    if (map.range && map.flow)
      return { start: map.range[0], end: map.range[1], text: `{ ${key}: ${value} }` };
    throw new KubeconfigError(`there is no place for ${key}`);
  }
  const [start] = firstKey.range;
  if (map.flow) {
    const quote = firstKey.type === 'QUOTE_DOUBLE' ? '"' : '';
    return { start, end: start, text: `${quote}${key}${quote}: ${quote}${value}${quote}, ` };
  }
  const lineStart = yaml.lastIndexOf('\n', start - 1) + 1;
  const newline = yaml.includes('\r\n') ? '\r\n' : '\n';
  return { start, end: start, text: `${key}: ${value}${newline}${' '.repeat(start - lineStart)}` };
}

/** Reads both back: nothing but what was wished for may have changed. Anchors could carry a change elsewhere. */
function checkEffect(before: string, after: string, wishes: readonly Wish[]): void {
  const expected = toValue(before);
  for (const { list, name, key, value } of wishes) {
    const entry = expected[list]?.find((candidate) => candidate.name === name);
    const inner = list === 'users' ? 'user' : 'cluster';
    // a copy: a map that stands behind an anchor must not take others with it
    if (entry) entry[inner] = { ...entry[inner], [key]: value };
  }
  if (!isDeepStrictEqual(toValue(after), expected))
    throw new KubeconfigError(
      'its certificate data can not be changed without changing something else: write it out where it stands behind an anchor (&, *)',
    );
}

interface Entry {
  name?: string;
  user?: Record<string, unknown>;
  cluster?: Record<string, unknown>;
}

function toValue(yaml: string): Partial<Record<Names, Entry[]>> {
  const document = parseDocument(yaml);
  if (document.errors.length > 0) throw new KubeconfigError('it would be no YAML any more');
  return document.toJS();
}
