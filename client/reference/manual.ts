/** Manual pages, one for each command: the options from the tree of commands, the rest from docs/command.md. */
import { rowsOf, sectionOf, toRoff } from './markdown.ts';
import { inline, item, quoted, roff } from './roff.ts';
import { type ArgumentFacts, type CommandFacts, leavesOf, type OptionFacts } from './tree.ts';

export interface ManualSource {
  readonly tree: CommandFacts;
  /** The text of docs/command.md. */
  readonly reference: string;
  /** Of the sources: `2026-11-26`; empty if it is not known. */
  readonly date: string;
  readonly version: string;
}

/** @returns name and text of each page */
export function manualPages(source: ManualSource): [file: string, text: string][] {
  const { tree } = source;
  return [
    [`${pageName([])}.1`, mainPage(source)],
    ...leavesOf(tree).map((command): [string, string] => [
      `${pageName(command.words)}.1`,
      commandPage(source, command),
    ]),
  ];
}

const pageName = (words: readonly string[]) => ['cakeless', ...words].join('-');

function mainPage(source: ManualSource): string {
  const { tree, reference } = source;
  return page(source, tree, [
    '.SH DESCRIPTION',
    ...toRoff(introductionOf(reference)),
    '.SH COMMANDS',
    ...leavesOf(tree).flatMap(({ words, description }) =>
      item(`\\fBcakeless ${roff(words.join(' '))}\\fR`, inline(description)),
    ),
    ...optionsSection(tree),
    ...exitStatus(reference),
    ...section(reference, 'Environment'),
    ...section(reference, 'Files'),
    ...section(reference, 'Examples'),
    '.SH SEE ALSO',
    references(leavesOf(tree)),
  ]);
}

function commandPage(source: ManualSource, command: CommandFacts): string {
  const { words } = command;
  const name = `cakeless ${words.join(' ')}`;
  const about = sectionOf(source.reference, new RegExp(`^### \`${name}(?: [<[].*)?\`$`, 'm'));
  if (about === undefined) throw new Error(`the reference of commands has no section for ${name}`);
  return page(source, command, [
    '.SH DESCRIPTION',
    ...toRoff(about, ['option']),
    ...optionsSection(command),
    ...exitStatus(source.reference),
    '.SH SEE ALSO',
    '.BR cakeless (1)',
  ]);
}

function page({ date, version }: ManualSource, command: CommandFacts, rest: string[]): string {
  const name = pageName(command.words);
  return `${[
    `.TH ${quoted(name.toUpperCase())} 1 "${date}" ${quoted(`Cakeless ${version}`)} "Cakeless"`,
    '.SH NAME',
    `${roff(name)} \\- ${inline(command.description)}`,
    '.SH SYNOPSIS',
    synopsis(command),
    ...rest,
  ].join('\n')}\n`;
}

function synopsis({ words, commands, arguments: all }: CommandFacts): string {
  const args = commands.length > 0 ? ['<command>'] : all.map(shown);
  return [`.B ${roff(['cakeless', ...words].join(' '))}`, '[options]', ...args.map(roff)].join(
    '\n',
  );
}

function shown({ name, isRequired, isVariadic }: ArgumentFacts): string {
  const text = isVariadic ? `${name}...` : name;
  return isRequired ? `<${text}>` : `[${text}]`;
}

const optionsSection = ({ options }: CommandFacts) => [
  '.SH OPTIONS',
  ...options.flatMap(optionLines),
];

function optionLines({ names, value, description }: OptionFacts): string[] {
  const flags = names.map((name) => `\\fB${roff(name)}\\fR`).join(', ');
  return item(value === undefined ? flags : `${flags} \\fI${roff(value)}\\fR`, inline(description));
}

/** The text before the first group of commands. */
const introductionOf = (reference: string) =>
  (reference.split(/^## /m)[0] ?? '').replace(/^# .*$/m, '').trim();

function section(reference: string, heading: string): string[] {
  const text = sectionOf(reference, new RegExp(`^## ${heading}$`, 'm'));
  if (text === undefined) throw new Error(`the reference of commands has no section ${heading}`);
  return [`.SH ${heading.toUpperCase()}`, ...toRoff(text)];
}

/** Code and meaning; the names of codes are only used inside Cakeless. */
function exitStatus(reference: string): string[] {
  const text = sectionOf(reference, /^## Exit codes$/m) ?? '';
  const [table = ''] = /^\| code \|.*$(?:\n\|.*$)*/m.exec(text) ?? [];
  return [
    '.SH EXIT STATUS',
    ...rowsOf(table).flatMap(([code = '', , meaning = '']) => item(code, inline(meaning))),
  ];
}

/** Separated by commas, in one paragraph. */
const references = (commands: readonly CommandFacts[]) =>
  commands.map(({ words }) => `.BR ${roff(pageName(words))} (1)`).join(' ,\n');
