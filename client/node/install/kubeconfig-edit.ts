/**
 * Replaces the certificate data of a kubeconfig, and keeps every other character as the user wrote it: comments, order,
 * unknown keys, quotes, line endings. Values are replaced at their position in the source text.
 */
import { isDeepStrictEqual } from 'node:util';
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Pair,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import { readYaml, YamlError } from '../../parse-yaml.ts';
import { KubeconfigError } from '../disk/kubeconfig.ts';

export interface KubeconfigData {
  readonly userName: string;
  readonly clusterName: string | undefined;
  /** PEM; absent data stays unchanged. */
  readonly certificate?: string | undefined;
  readonly privateKey?: string | undefined;
  readonly certificateAuthority?: string | undefined;
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

type ListKey = 'users' | 'clusters';

/** @throws KubeconfigError if a change would also change something else */
export function editKubeconfig(yaml: string, data: KubeconfigData): string {
  const changes = changesFor(data);
  const edited = changes.reduce(applyChange, yaml);
  checkEffect(yaml, edited, changes);
  return edited;
}

/** One at a time, each on the result of the previous one: two changes can be at the same position. */
function applyChange(yaml: string, { list, name, key, value }: ValueChange): string {
  const { document } = readKubeconfigYaml(yaml, 'not YAML');
  const { start, end, text } = edit(yaml, findEntry(document, list, name), key, value);
  return yaml.slice(0, start) + text + yaml.slice(end);
}

/** A new value for a key of the user or cluster with this name. */
interface ValueChange {
  readonly list: ListKey;
  readonly name: string;
  readonly key: string;
  readonly value: string;
}

function changesFor({ userName, clusterName, ...data }: KubeconfigData): ValueChange[] {
  const change = (list: ListKey, name: string | undefined, key: string, pem: string | undefined) =>
    pem === undefined || name === undefined
      ? []
      : [{ list, name, key, value: Buffer.from(pem).toString('base64') }];
  return [
    ...change('users', userName, 'client-certificate-data', data.certificate),
    ...change('users', userName, 'client-key-data', data.privateKey),
    ...change('clusters', clusterName, 'certificate-authority-data', data.certificateAuthority),
  ];
}

/** The map `user` or `cluster` of the entry with this name. */
function findEntry(document: Document.Parsed, list: ListKey, name: string): YAMLMap {
  const inner = list === 'users' ? 'user' : 'cluster';
  const entries = document.get(list, true);
  if (isSeq(entries))
    for (const entry of entries.items) {
      if (!isMap(entry) || entry.get('name') !== name) continue;
      const found = entry.get(inner, true);
      const map = isAlias(found) ? found.resolve(document) : found;
      if (isMap(map)) return map as YAMLMap;
    }
  throw new KubeconfigError(`${list} has no map ${inner} for ${name}`);
}

function edit(yaml: string, map: YAMLMap, key: string, value: string): Edit {
  const pair = map.items.find((item) => isScalar(item.key) && item.key.value === key);
  return pair ? replace(yaml, pair, key, value) : insert(yaml, map, key, value);
}

function replace(yaml: string, pair: Pair, key: string, value: string): Edit {
  const node = pair.value as Scalar | null;
  const range = node?.range;
  if (!range) throw new KubeconfigError(`${key} has no position in the source`);
  const [start, end] = range;
  if (isScalar(node) && node.type === 'QUOTE_DOUBLE') return { start, end, text: `"${value}"` };
  if (isScalar(node) && node.type === 'QUOTE_SINGLE') return { start, end, text: `'${value}'` };
  const source = yaml.slice(start, end);
  // a block scalar includes its final newline; an empty value starts right after the colon
  const lineEnd = /\r?\n\s*$/.exec(source)?.[0] ?? '';
  const space = start === end && yaml[start - 1] === ':' ? ' ' : '';
  return { start, end, text: `${space}${value}${lineEnd}` };
}

/** Before the first key of the map, in the style of the map. */
function insert(yaml: string, map: YAMLMap, key: string, value: string): Edit {
  const [first] = map.items;
  const firstKey = first?.key;
  if (!isScalar(firstKey) || !firstKey.range) {
    if (map.range && map.flow)
      return { start: map.range[0], end: map.range[1], text: `{ ${key}: ${value} }` };
    throw new KubeconfigError(`${key} cannot be inserted`);
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

/** Parses both texts: only the intended values may differ. With YAML anchors a change could appear in other places. */
function checkEffect(before: string, after: string, changes: readonly ValueChange[]): void {
  const expected = toValue(before);
  for (const { list, name, key, value } of changes) {
    const entry = expected[list]?.find((candidate) => candidate?.name === name);
    const inner = list === 'users' ? 'user' : 'cluster';
    // a copy: other entries may share this map through an anchor
    if (entry) entry[inner] = { ...entry[inner], [key]: value };
  }
  if (!isDeepStrictEqual(toValue(after), expected))
    throw new KubeconfigError(
      'its certificate data cannot be changed without changing something else: write it out instead of using an anchor (&, *)',
    );
}

interface Entry {
  name?: string;
  user?: Record<string, unknown>;
  cluster?: Record<string, unknown>;
}

function toValue(yaml: string): Partial<Record<ListKey, (Entry | null)[]>> {
  const { value } = readKubeconfigYaml(yaml, 'it would no longer be YAML');
  return (value ?? {}) as Partial<Record<ListKey, (Entry | null)[]>>;
}

function readKubeconfigYaml(yaml: string, heading: string): ReturnType<typeof readYaml> {
  try {
    return readYaml(yaml);
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    throw new KubeconfigError(`${heading}: ${error.message}`);
  }
}
