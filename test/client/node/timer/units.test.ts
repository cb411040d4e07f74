/** The units, checked by systemd: no unknown settings, and as little exposure as possible. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EVERY_DAY } from '../../../../client/node/timer/interval.ts';
import { unitFiles } from '../../../../client/node/timer/units.ts';
import { commandWord, unitWord } from '../../../../client/node/units/unit-words.ts';

/** The limit, in tenths of a point out of ten; it is 26 now: root, the network, and files of other users. */
const EXPOSURE = 27;
const folder = mkdtempSync(join(tmpdir(), 'cakeless-units-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The manual pages of Documentation= exist only where a package is installed. */
const NO_MAN = ['--man=no'];

const analyze = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
  return { status, said: stdout + stderr };
};

/** `systemd-analyze security --offline` exists since systemd 250. */
function whyNot(): string | undefined {
  const version = Number(/^systemd (\d+)/.exec(analyze('--version').said)?.[1] ?? 0);
  const why =
    version >= 250 ? undefined : 'systemd-analyze of systemd 250 or later is not installed';
  if (why !== undefined && process.env.CAKELESS_REQUIRE_JUDGES === '1')
    throw new Error(`CAKELESS_REQUIRE_JUDGES=1, but ${why}`);
  return why;
}

const why = whyNot();
const itAnalyzed = why === undefined ? it : it.skip;
const note = why === undefined ? '' : ` [${why}]`;

function write(change: (text: string) => string = (text) => text): string[] {
  const units = unitFiles({
    command: `${commandWord('/bin/true')} ${commandWord('--a 100% "b" $HOME')}`,
    writable: ['/srv/pki of 1'],
    expiresWithin: '1/3',
    interval: EVERY_DAY,
    kubeconfigDir: '/srv/kubernetes of 100%',
  });
  for (const [name, text] of Object.entries(units)) writeFileSync(join(folder, name), change(text));
  return readdirSync(folder).map((name) => join(folder, name));
}

itAnalyzed(`systemd finds no problem in the units${note}`, () => {
  expect(analyze('verify', ...NO_MAN, ...write())).toEqual({ status: 0, said: '' });
  const wrong = write((text) => text.replace('UMask=', 'UMusk='));
  expect(analyze('verify', ...NO_MAN, ...wrong).said).toContain("'UMusk'");
});

itAnalyzed(`the exposure of the service stays below the limit${note}`, () => {
  const judge = (file = '') =>
    analyze('security', '--offline=true', '--no-pager', `--threshold=${EXPOSURE}`, file);
  const service = (files: string[]) =>
    files.find((file) => file.endsWith('cakeless-renew.service'));
  expect(judge(service(write()))).toMatchObject({ status: 0 });
  const open = write((text) => text.replace(/^CapabilityBoundingSet=.*$/m, ''));
  expect(judge(service(open)).status).not.toBe(0);
});

it('words are quoted if systemd would split them or replace parts of them', () => {
  expect(['/usr/bin/node', '/opt/my node', '/a%b', '/a"b\\c'].map(unitWord)).toEqual([
    ...['/usr/bin/node', '"/opt/my node"', '/a%%b', '"/a\\"b\\\\c"'],
  ]);
  expect(commandWord('/opt/$HOME')).toBe('"/opt/$$HOME"');
});
