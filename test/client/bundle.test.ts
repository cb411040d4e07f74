import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { addLocalCommand } from '../../client/bundled/no-local.ts';
import { VERSION } from '../../client/version.ts';
import { cakeless } from '../support/running-service-command.ts';

it('--version prints the version of the package', async () => {
  expect(JSON.parse(readFileSync('package.json', 'utf8')).version).toBe(VERSION);
  expect(await cakeless({}, '--version')).toMatchObject({ exitCode: 0, stdout: `${VERSION}\n` });
});

describe('cakeless local in the one-file client', () => {
  const program = new Command();
  addLocalCommand(program);

  it.each([[[]], [['--data', 'x', '--port', '0']]])(
    'called with %j, reports where the service can be run',
    async (args) => {
      const run = program.parseAsync(['local', ...args], { from: 'user' });
      await expect(run).rejects.toMatchObject({
        code: 'usage',
        hint: expect.stringContaining('npx'),
      });
    },
  );

  it('mentions the repository command in its help', () => {
    expect(program.commands[0]?.helpInformation()).toContain('npx cakeless local');
  });
});
