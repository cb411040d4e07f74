/**
 * Changes the values of flags in the manifest of a static pod, and keeps every other byte: comments, order, quotes, line
 * endings. A value is replaced at its position in the source text.
 */
import { isDeepStrictEqual } from 'node:util';
import { type Document, isScalar, isSeq, type Scalar } from 'yaml';
import { CommandError } from '../../errors.ts';
import { readYaml, YamlError } from '../../parse-yaml.ts';
import { normalFlag } from './signing-flags.ts';

/** @returns the new value of a flag; undefined leaves it as it is. @param name without dashes, with `-` for `_` */
export type NewValue = (name: string) => string | undefined;

/**
 * Of the first container, which is the component in kubeadm's manifests.
 * @param file for messages
 * @throws CommandError if a value cannot be changed without changing something else
 */
export function editFlags(text: string, file: string, newValue: NewValue): string {
  const { document, value } = read(text, file);
  const edits = ['command', 'args'].flatMap((list) =>
    editsOf(wordsAt(document, list, file), newValue, file),
  );
  const edited = [...edits]
    .sort((a, b) => b.start - a.start)
    .reduce((all, { start, end, source }) => all.slice(0, start) + source + all.slice(end), text);
  const expected = edits.reduce(withWord, unshared(value));
  if (isDeepStrictEqual(unshared(read(edited, file).value), expected)) return edited;
  throw cannot(file, 'its flags cannot be changed without changing something else');
}

/** A list that an alias repeats is one object in the value: as a copy, a change to one of them does not hide the other. */
const unshared = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null));

interface Edit {
  readonly list: string;
  readonly index: number;
  readonly word: string;
  readonly start: number;
  readonly end: number;
  readonly source: string;
}

interface Word {
  readonly list: string;
  readonly index: number;
  readonly node: Scalar<string>;
}

function editsOf(words: readonly Word[], newValue: NewValue, file: string): Edit[] {
  return words.flatMap(({ node }, i): Edit[] => {
    const [, dashed = '', name = '', assigned] = /^(--([^=]+))(=.*)?$/s.exec(node.value) ?? [];
    const value = name === '' ? undefined : newValue(normalFlag(name));
    if (value === undefined) return [];
    // pflag takes the value of a flag without `=` from the next argument
    const at = assigned === undefined ? words[i + 1] : words[i];
    const word = assigned === undefined ? value : `${dashed}=${value}`;
    return at === undefined || at.node.value === word ? [] : [editOf(at, word, file)];
  });
}

function editOf({ list, index, node }: Word, word: string, file: string): Edit {
  const [start, end] = node.range ?? [];
  if (start === undefined || end === undefined)
    throw cannot(file, 'a flag has no position in the source');
  return { list, index, word, start, end, source: sourceOf(word, node, file) };
}

/** In the quotes that it had. */
function sourceOf(word: string, { type, anchor }: Scalar, file: string): string {
  if (anchor !== undefined || !/^[\w./:=,@+-]*$/.test(word))
    throw cannot(file, 'a flag has an anchor, or a value that needs quotes');
  switch (type) {
    case 'QUOTE_DOUBLE':
      return `"${word}"`;
    case 'QUOTE_SINGLE':
      return `'${word}'`;
    case 'PLAIN':
      return word === '' ? '""' : word;
    default:
      throw cannot(file, 'a flag is written in several lines');
  }
}

function wordsAt(document: Document.Parsed, list: string, file: string): Word[] {
  const found = document.getIn(['spec', 'containers', 0, list], true);
  if (found === undefined || found === null) return [];
  if (!isSeq(found)) throw cannot(file, `${list} is not a list`);
  return found.items.flatMap((node, index) =>
    isScalar(node) && typeof node.value === 'string'
      ? [{ list, index, node: node as Scalar<string> }]
      : [],
  );
}

function withWord(value: unknown, { list, index, word }: Edit): unknown {
  const pod = value as { spec: { containers: Record<string, string[]>[] } };
  const words = pod.spec.containers[0]?.[list];
  if (words) words[index] = word;
  return pod;
}

function read(text: string, file: string) {
  try {
    return readYaml(text);
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    throw cannot(file, `not YAML: ${error.message}`);
  }
}

const cannot = (file: string, why: string) =>
  new CommandError('usage', `${file}: ${why}`, 'edit it by hand, then run the same command again');
