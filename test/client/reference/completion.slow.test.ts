/** The completion scripts of zsh and fish, run by the shells themselves. */
import { spawnSync } from 'node:child_process';
import { COMPLETE_IN, CompletionFolder, TYPED } from './complete-in.ts';

describe.each(['zsh', 'fish'] as const)('%s', (shell) => {
  const isInstalled = spawnSync(shell, ['--version']).status === 0;
  if (!isInstalled && process.env.CAKELESS_REQUIRE_JUDGES !== '1')
    return it.skip('is not installed: run test/tools/install.sh shells', () => undefined);

  const folder = new CompletionFolder(shell);
  let offered: string[][] = [];
  beforeAll(() => {
    const lines = TYPED.map(([typed]) => typed);
    offered = COMPLETE_IN[shell](folder, lines);
  });
  afterAll(() => folder.remove());

  it.each(TYPED)('after %j offers what the command accepts', (typed, expected) => {
    expect(offered[TYPED.findIndex(([line]) => line === typed)]).toEqual(expected);
  });

  it('reads the script without a message', () => {
    expect(folder.check(shell)).toEqual({ status: 0, stderr: '' });
  });
  return undefined;
});
