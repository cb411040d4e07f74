/**
 * One YAML document as kubeadm reads it: go-yaml v2 (decode.go), then JSON (sigs.k8s.io/yaml, YAMLToJSON). Keys become
 * strings, the last of two equal keys counts, and a merge key (`<<`) replaces what is above it.
 */
import {
  type Alias,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Node,
  parseAllDocuments,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { isNestedTooDeeply } from '../../yaml-depth.ts';
import { TOO_DEEP, yamlProblem } from '../../yaml-problem.ts';
import { YamlProblem } from './problem.ts';
import { resolvePlain, resolveTagged, type ScalarValue } from './scalar.ts';

export type GoValue = ScalarValue | readonly GoValue[] | GoMap;
/** A map, so that no key (`__proto__`) is special. */
export type GoMap = ReadonlyMap<string, GoValue>;

export interface GoDocument {
  readonly value: GoValue;
  /** Keys that a map has more than once; the last one counts. */
  readonly repeatedKeys: readonly string[];
}

/** @throws YamlProblem if the text is not YAML */
export function parseGoYaml(text: string): GoDocument {
  if (isNestedTooDeeply(text)) throw new YamlProblem(TOO_DEEP);
  try {
    return new Decoder().decode(text);
  } catch (error) {
    if (error instanceof RangeError) throw new YamlProblem(TOO_DEEP);
    throw error;
  }
}

/** Scalars stay strings, because go-yaml has its own rules for them; it accepts duplicate keys. */
const OPTIONS = {
  version: '1.1',
  schema: 'failsafe',
  resolveKnownTags: false,
  uniqueKeys: false,
  strict: false,
  logLevel: 'silent',
} as const;

/** As in go-yaml: aliases must not make up most of a document, because a few lines can expand to gigabytes. */
const ALIASES_THAT_ARE_NEVER_EXCESSIVE = 100;
const NODES_THAT_ARE_NEVER_EXCESSIVE = 1000;
const LARGEST_ALIAS_SHARE = 0.99;
/** Far more than a configuration has, and far less than would fill memory. */
const MOST_NODES = 400_000;

class Decoder {
  readonly #anchors = new Map<string, Node>();
  readonly #expanding = new Set<Node>();
  readonly #repeatedKeys: string[] = [];
  #nodes = 0;
  #nodesFromAliases = 0;

  decode(text: string): GoDocument {
    // go-yaml reads the first document, and ignores what follows `...`
    const [document] = parseAllDocuments(text, OPTIONS);
    if (!document || !('contents' in document)) return { value: null, repeatedKeys: [] };
    const [error] = document.errors;
    if (error)
      throw new YamlProblem(/call stack/.test(error.message) ? TOO_DEEP : yamlProblem(error));
    return {
      value: this.#value(document.contents as Node | null),
      repeatedKeys: this.#repeatedKeys,
    };
  }

  #value(node: Node | null): GoValue {
    this.#count();
    if (node === null) return null;
    if (isAlias(node)) return this.#alias(node);
    const { anchor } = node as Scalar;
    if (anchor !== undefined && this.#expanding.size === 0) this.#anchors.set(anchor, node);
    if (isMap(node)) return this.#map(node);
    if (isSeq(node)) return (node as YAMLSeq<Node | null>).items.map((item) => this.#item(item));
    return isScalar(node) ? scalarOf(node) : null;
  }

  /** `[a: b]` is a list of a map with one key. */
  #item(item: Node | null): GoValue {
    if (!isPair(item)) return this.#value(item);
    const into = new Map<string, GoValue>();
    this.#pair(item.key as Node | null, item.value as Node | null, into);
    return into;
  }

  #count(): void {
    this.#nodes++;
    if (this.#expanding.size > 0) this.#nodesFromAliases++;
    const isExcessive =
      this.#nodesFromAliases > ALIASES_THAT_ARE_NEVER_EXCESSIVE &&
      this.#nodes > NODES_THAT_ARE_NEVER_EXCESSIVE &&
      this.#nodesFromAliases / this.#nodes > LARGEST_ALIAS_SHARE;
    if (isExcessive || this.#nodes > MOST_NODES)
      throw new YamlProblem('it contains excessive aliasing');
  }

  #alias({ source }: Alias): GoValue {
    return this.#expand(source, (target) => this.#value(target));
  }

  #expand<T>(name: string, use: (target: Node) => T): T {
    const target = this.#anchors.get(name);
    if (!target) throw new YamlProblem(`unknown anchor ${name}`);
    if (this.#expanding.has(target)) throw new YamlProblem(`anchor ${name} contains itself`);
    this.#expanding.add(target);
    try {
      return use(target);
    } finally {
      this.#expanding.delete(target);
    }
  }

  #map(node: YAMLMap): GoMap {
    const into = new Map<string, GoValue>();
    this.#pairs(node, into);
    return into;
  }

  #pairs({ items }: YAMLMap, into: Map<string, GoValue>): void {
    const own = new Set<string>();
    for (const { key, value } of items as { key: Node | null; value: Node | null }[]) {
      if (isMergeKey(key)) {
        this.#merge(value, into);
        continue;
      }
      const name = this.#pair(key, value, into);
      if (own.has(name)) this.#repeatedKeys.push(name);
      own.add(name);
    }
  }

  #pair(key: Node | null, value: Node | null, into: Map<string, GoValue>): string {
    const name = keyText(this.#value(key));
    into.set(name, this.#value(value));
    return name;
  }

  /** Of a list of maps, the first takes precedence. */
  #merge(from: Node | null, into: Map<string, GoValue>): void {
    const sources: (Node | null)[] = isSeq(from) ? (from.items as Node[]).toReversed() : [from];
    for (const source of sources) {
      if (isAlias(source)) this.#expand(source.source, (target) => this.#mergeMap(target, into));
      else this.#mergeMap(source, into);
    }
  }

  #mergeMap(source: Node | null, into: Map<string, GoValue>): void {
    if (!isMap(source)) throw new YamlProblem('<< needs a map, or a list of maps');
    this.#pairs(source, into);
  }
}

function scalarOf(node: Scalar): GoValue {
  const text = node.type === 'PLAIN' ? (node.source ?? '') : String(node.value ?? '');
  if (node.tag !== undefined) return resolveTagged(node.tag, text);
  return node.type === 'PLAIN' ? resolvePlain(text) : text;
}

function isMergeKey(key: Node | null): boolean {
  if (!isScalar(key)) return false;
  return key.type === 'PLAIN' && key.source === '<<' && key.tag === undefined;
}

/** In JSON, every key is a string. */
function keyText(key: GoValue): string {
  if (typeof key === 'string') return key;
  if (typeof key === 'number' || typeof key === 'boolean') return String(key);
  throw new YamlProblem(key === null ? 'a key of a map is null' : 'a key of a map is not a scalar');
}
