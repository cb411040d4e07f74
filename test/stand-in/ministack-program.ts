/** Where test/tools/install.sh puts MiniStack and the Node that runs the deployed functions. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { toolsFolder } from '../support/judges-programs.ts';

/** `ministack` is a Python, `node24` a folder for PATH: MiniStack runs functions with the first `node` in PATH. */
export const ministackPrograms = () => ({
  ministack: join(toolsFolder(), 'ministack', 'bin', 'python'),
  node24: join(toolsFolder(), 'node-24', 'bin'),
});

/** Why MiniStack cannot be started on this machine; undefined if it can. */
export function whyNoMinistack(): string | undefined {
  const { ministack, node24 } = ministackPrograms();
  if (existsSync(ministack) && existsSync(join(node24, 'node'))) return undefined;
  return 'MiniStack or Node 24 is not installed: run test/tools/install.sh';
}

/**
 * `describe` for tests that need MiniStack. If it is not installed they are skipped with the reason in the title, or fail
 * with it under CAKELESS_REQUIRE_JUDGES=1.
 */
export function describeWithMinistack(title: string, body: () => void): void {
  const missing = whyNoMinistack();
  if (missing === undefined) describe(title, body);
  else if (process.env.CAKELESS_REQUIRE_JUDGES === '1') {
    it(title, () => {
      throw new Error(missing);
    });
  } else describe.skip(`${title} [${missing}]`, body);
}
