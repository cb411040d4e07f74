/** `--help` and wrong calls: every option says what it is, in one manner, and what nobody knows is a usage error. */
import type { Command, Option } from 'commander';
import { buildProgram } from '../../../client/main.ts';
import { collect } from '../../../client/options.ts';
import { terminal } from '../../../client/terminal.ts';
import { cakeless } from '../../support/running-service-command.ts';

const program = buildProgram(terminal, () => undefined);
const commandsBelow = (command: Command, words: string[] = []): [string, Command][] =>
  command.commands.flatMap((below) => {
    const path = [...words, below.name()];
    return below.commands.length > 0 ? commandsBelow(below, path) : [[path.join(' '), below]];
  });
const commands = commandsBelow(program);
const options = commands.flatMap(([words, { options }]) =>
  options.map((option): [string, string, Option] => [words, option.flags, option]),
);

it('there are commands and options to look at', () => {
  expect([commands.length > 20, options.length > 100]).toEqual([true, true]);
});

it.each(commands)('%s says what it does', (_, command) => {
  expect(command.description()).toMatch(/^\S.*[^.]$/);
});

it.each(options)(
  '%s %s is described: no full stop, several times, a default with its unit',
  (_, flags, option) => {
    expect(option.description).toMatch(/^(?:[a-z]|KMS|CSR|FILE|SHA).*[^.]$/s);
    if (option.parseArg === collect)
      expect(option.description).toContain('may be given several times');
    // a bare number of seconds says nothing
    if (/<duration>/.test(flags) && option.defaultValue !== undefined)
      expect(option.defaultValueDescription).toMatch(/^(?:\d+[smhd]|only .*)$/);
  },
);

it.each(commands)(
  '%s: required options say so, choices and defaults are named',
  async (words, command) => {
    const help = (await cakeless({}, ...words.split(' '), '--help')).stdout.replace(
      /\n {10,}/g,
      ' ',
    );
    for (const { long, mandatory, argChoices = [] } of command.options) {
      const [line = ''] = new RegExp(`^ .*${long}\\b.*$`, 'm').exec(help) ?? [];
      expect(line).toMatch(mandatory ? /\(.*required/ : /./);
      for (const choice of argChoices) expect(line).toContain(choice);
    }
    expect(help).not.toMatch(/default: "/);
  },
);

it.each([
  [['reenw', 'all'], "unknown command 'reenw'\n(Did you mean renew?)"],
  [['cluster', 'aply'], "unknown command 'aply'\n(Did you mean apply?)"],
  [['renew', 'all', '--dryrun'], "unknown option '--dryrun'\n(Did you mean --dry-run?)"],
  [['renew'], "missing required argument 'names'"],
  [['prepare', '--cluster', 'a'], "required option '--config <file>' not specified"],
  [['pending', '-o', 'xml'], 'Allowed choices are text, json'],
  [['pending', 'more'], 'too many arguments'],
  [['csr', 'apiservr'], 'kubeadm has no certificate apiservr'],
])('%j is wrong usage', async (args, words) => {
  const run = await cakeless({}, ...args);
  expect(run).toMatchObject({ exitCode: 2, stdout: '', stderr: expect.stringContaining(words) });
});

it('nothing is coloured, whatever the environment says', async () => {
  const colours = {
    NO_COLOR: undefined,
    FORCE_COLOR: '3',
    CLICOLOR_FORCE: '1',
    TERM: 'xterm-256color',
  };
  for (const args of [['--help'], ['renew', '--help'], ['reenw'], ['csr', 'nothing']]) {
    const { stdout, stderr } = await cakeless(colours, ...args);
    expect([stdout + stderr, (stdout + stderr).includes('\x1b')]).toEqual([
      expect.any(String),
      false,
    ]);
  }
});
