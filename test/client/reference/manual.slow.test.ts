/** mandoc and groff read the manual pages without a warning. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { manualPages } from '../../../client/reference/manual.ts';
import { tree } from './complete-in.ts';

const reference = readFileSync('docs/command.md', 'utf8');
const pages = manualPages({ tree, reference, date: '2026-11-26', version: '0.1.0' });
const folder = mkdtempSync(join(tmpdir(), 'cakeless-man-'));
const files = pages.map(([name]) => join(folder, name));

beforeAll(() => {
  for (const [name, text] of pages) writeFileSync(join(folder, name), text);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe.each([
  ['mandoc', ['-Tlint', '-W', 'warning']],
  ['groff', ['-man', '-ww', '-z']],
])('%s', (program, args) => {
  const isInstalled = spawnSync('which', [program]).status === 0;
  if (!isInstalled && process.env.CAKELESS_REQUIRE_JUDGES !== '1')
    return it.skip('is not installed: run test/tools/install.sh shells', () => undefined);

  it('causes no warning', () => {
    const run = spawnSync(program, [...args, ...files], { encoding: 'utf8' });
    expect([run.status, run.stdout + run.stderr]).toEqual([0, '']);
  });
  return undefined;
});
