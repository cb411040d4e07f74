/**
 * The documents of a file, found as kubeadm finds them (k8s.io/apimachinery, YAMLReader; kubeadm, SplitConfigDocuments):
 * between lines that begin with `---`. Each has an apiVersion and a kind.
 */
import { CommandError } from '../errors.ts';
import { type GoDocument, type GoMap, type GoValue, parseGoYaml } from './go-yaml/go-yaml.ts';
import { YamlProblem } from './go-yaml/problem.ts';

export interface ConfigDocument {
  /** Empty for the core group, as in `v1`. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly value: GoMap;
  /** Keys that a map has more than once; the last counts. */
  readonly repeatedKeys: readonly string[];
}

/** @throws CommandError if a document is not YAML, or has no apiVersion and kind */
export function splitDocuments(text: string, file: string): ConfigDocument[] {
  try {
    const texts = splitTexts(text);
    return texts.map((document, i) => {
      const where = texts.length === 1 ? '' : `document ${i + 1}: `;
      return identify(parseDocument(document, where), where);
    });
  } catch (error) {
    if (!(error instanceof YamlProblem)) throw error;
    throw new CommandError('usage', `${file}: ${error.message}`);
  }
}

const SEPARATOR = '---';

/** Each text starts with as many newlines as there are lines before it, so that positions refer to the file. */
function splitTexts(text: string): string[] {
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  if (lines.at(-1) === '') lines.pop();
  const texts: string[] = [];
  let current = '';
  for (const [i, line] of lines.entries()) {
    const isSeparator = line.startsWith(SEPARATOR);
    const after = isSeparator ? line.slice(SEPARATOR.length).trim() : '';
    if (after !== '' && !after.startsWith('#'))
      throw new YamlProblem(`not YAML: ${JSON.stringify(line)} does not separate documents`);
    if (isSeparator && current !== '') {
      texts.push(current);
      current = '';
    } else current += `${current === '' ? '\n'.repeat(i) : ''}${line}\n`;
  }
  return current === '' ? texts : [...texts, current];
}

/** kubeadm decodes what begins with a brace as JSON, after it has read apiVersion and kind as YAML. */
function parseDocument(text: string, where: string): GoDocument {
  const document = parseYaml(text, where);
  if (!/^[\t\n\v\f\r \u0085\u00a0]*\{/.test(text)) return document;
  if (document.repeatedKeys.length > 0)
    throw new YamlProblem(`${where}${document.repeatedKeys[0]} is set twice`);
  try {
    return { value: fromJson(JSON.parse(text)), repeatedKeys: [] };
  } catch (error) {
    throw new YamlProblem(
      `${where}begins with { and is not JSON: ${error instanceof Error ? error.message : error}`,
    );
  }
}

function parseYaml(text: string, where: string): GoDocument {
  try {
    return parseGoYaml(text);
  } catch (error) {
    if (!(error instanceof YamlProblem)) throw error;
    throw new YamlProblem(`${where}not YAML: ${error.message}`);
  }
}

function fromJson(value: unknown): GoValue {
  if (Array.isArray(value)) return value.map(fromJson);
  if (value === null || typeof value !== 'object') return value as GoValue;
  return new Map(Object.entries(value).map(([key, inner]) => [key, fromJson(inner)]));
}

function identify({ value, repeatedKeys }: GoDocument, where: string): ConfigDocument {
  const map = value instanceof Map ? (value as GoMap) : new Map<string, GoValue>();
  const [apiVersion, kind] = ['apiVersion', 'kind'].map((key) => map.get(key));
  if (
    typeof apiVersion !== 'string' ||
    typeof kind !== 'string' ||
    apiVersion === '' ||
    kind === ''
  )
    throw new YamlProblem(
      map.size === 0
        ? `${where}is empty: kubeadm refuses a document without apiVersion and kind, such as a comment before ---`
        : `${where}has no ${typeof apiVersion === 'string' && apiVersion !== '' ? 'kind' : 'apiVersion'}`,
    );
  const [group = '', version = '', ...more] = apiVersion.includes('/')
    ? apiVersion.split('/')
    : ['', apiVersion];
  if (more.length > 0)
    throw new YamlProblem(`${where}apiVersion ${apiVersion} is not GROUP/VERSION`);
  return { group, version, kind, value: map, repeatedKeys };
}
