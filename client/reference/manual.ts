/** Manual pages in the macros of man(7), one for each command. */
import { type ArgumentFacts, type CommandFacts, leavesOf, type OptionFacts } from './tree.ts';

/** @returns name and text of each page */
export function manualPages(tree: CommandFacts): [file: string, text: string][] {
  return [tree, ...leavesOf(tree)].map((command) => [
    `${pageName(command.words)}.1`,
    page(command),
  ]);
}

const pageName = (words: readonly string[]) => ['cakeless', ...words].join('-');

function page(command: CommandFacts): string {
  const { words, description, options } = command;
  return `${[
    `.TH ${quote(pageName(words).toUpperCase())} 1`,
    '.SH NAME',
    `${roff(pageName(words))} \\- ${roff(description)}`,
    '.SH SYNOPSIS',
    synopsis(command),
    '.SH OPTIONS',
    ...options.flatMap(optionLines),
  ].join('\n')}\n`;
}

const synopsis = ({ words, arguments: all }: CommandFacts) =>
  [`.B ${roff(['cakeless', ...words].join(' '))}`, ...all.map((one) => roff(shown(one)))].join(
    '\n',
  );

const shown = ({ name, isRequired, isVariadic }: ArgumentFacts) => {
  const text = isVariadic ? `${name}...` : name;
  return isRequired ? `<${text}>` : `[${text}]`;
};

function optionLines({ names, value, description }: OptionFacts): string[] {
  const flags = names.map((name) => `\\fB${roff(name)}\\fR`).join(', ');
  return [
    '.TP',
    value === undefined ? flags : `${flags} \\fI${roff(value)}\\fR`,
    roff(description),
  ];
}

/** A hyphen that can be copied, and no line that begins with a control character. */
const roff = (text: string) =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1');
const quote = (text: string) => `"${roff(text).replaceAll('"', '\\(dq')}"`;
