/** `--help` and usage errors: descriptions of commands and options follow one form, and unknown words are errors. */
import type { Command, Option } from 'commander';
import { buildProgram } from '../../../client/main.ts';
import { collect } from '../../../client/options.ts';
import { noPrompt } from '../../../client/prompt.ts';
import { terminal } from '../../../client/terminal.ts';
import { cakeless } from '../../support/running-service-command.ts';

const program = buildProgram(terminal, noPrompt, () => undefined);
const commandsBelow = (command: Command, words: string[] = []): [string, Command][] =>
  command.commands.flatMap((below) => {
    const path = [...words, below.name()];
    return below.commands.length > 0 ? commandsBelow(below, path) : [[path.join(' '), below]];
  });
const commands = commandsBelow(program);
const options = commands.flatMap(([words, { options }]) =>
  options.map((option): [string, string, Option] => [words, option.flags, option]),
);

it('finds the commands and options to check', () => {
  expect([commands.length > 20, options.length > 100]).toEqual([true, true]);
});

it.each(commands)('%s has a description without a full stop', (_, command) => {
  expect(command.description()).toMatch(/^\S.*[^.]$/);
});

it.each(options)(
  '%s %s has a description that starts in lower case and names repetition and the unit of a default',
  (_, flags, option) => {
    expect(option.description).toMatch(/^(?:[a-z]|KMS|CSR|FILE|SHA).*[^.]$/s);
    if (option.parseArg === collect)
      expect(option.description).toContain('may be given several times');
    // a bare number of seconds would have no unit
    if (/<duration>/.test(flags) && option.defaultValue !== undefined)
      expect(option.defaultValueDescription).toMatch(/^(?:\d+[smhd]|only .*)$/);
  },
);

it.each(commands)(
  '%s --help marks required options and lists choices and defaults',
  async (words, command) => {
    const help = (await cakeless({}, ...words.split(' '), '--help')).stdout.replace(
      /\n {10,}/g,
      ' ',
    );
    for (const { long, mandatory, argChoices = [], hidden } of command.options) {
      if (hidden) continue;
      const [line = ''] = new RegExp(`^ .*${long}\\b.*$`, 'm').exec(help) ?? [];
      expect(line).toMatch(mandatory ? /\(.*required/ : /./);
      for (const choice of argChoices) expect(line).toContain(choice);
    }
    expect(help).not.toMatch(/default: "/);
  },
);

it.each([
  [['reenw', 'all'], "unknown command 'reenw'\ncakeless: hint: did you mean renew?\n"],
  [['cluster', 'aply'], "unknown command 'aply'\ncakeless: hint: did you mean apply?\n"],
  [
    ['renew', 'all', '--dryrun'],
    "unknown option '--dryrun'\ncakeless: hint: did you mean --dry-run?\n",
  ],
  [
    ['renew'],
    "the names of the certificates are missing\ncakeless: hint: give kubeadm's names, or all\n",
  ],
  [['approve'], "missing required argument 'request'\ncakeless: hint: run with --help for usage\n"],
  [['prepare', '--cluster', 'a'], "required option '--config <file>' not specified"],
  [['fetch', '--ouut', 'csr'], "unknown option '--ouut'\ncakeless: hint: did you mean --out?\n"],
  [['pending', '-o', 'xml'], "'xml': allowed choices are text, wide, json\n"],
  [['pending', 'more'], 'too many arguments'],
  [['csr', 'apiservr'], 'kubeadm has no certificate apiservr'],
])('%j is a usage error', async (args, words) => {
  const run = await cakeless({}, ...args);
  expect(run).toMatchObject({ exitCode: 2, stdout: '', stderr: expect.stringContaining(words) });
});

it('never colors its output, whatever the environment requests', async () => {
  const colors = {
    NO_COLOR: undefined,
    FORCE_COLOR: '3',
    CLICOLOR_FORCE: '1',
    TERM: 'xterm-256color',
  };
  for (const args of [['--help'], ['renew', '--help'], ['reenw'], ['csr', 'nothing']]) {
    const { stdout, stderr } = await cakeless(colors, ...args);
    expect([stdout + stderr, (stdout + stderr).includes('\x1b')]).toEqual([
      expect.any(String),
      false,
    ]);
  }
});
