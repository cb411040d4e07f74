/** Rollback reports all objections at once, and changes nothing without --force. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT } from '../../../../client/exit-codes.ts';
import { changeFile } from '../../../../client/node/disk/file-change.ts';
import {
  applyInstallation,
  prepareInstallation,
} from '../../../../client/node/install/installation.ts';
import {
  type Installation,
  listInstallations,
  record,
} from '../../../../client/node/install/journal.ts';
import { ownInstallation } from '../../../../client/node/install/own-installation.ts';
import { findObjections } from '../../../../client/node/rollback/objections.ts';
import { NodeFixture } from '../../../support/node-folder.ts';

let fixture: NodeFixture;
let folder: string;
beforeAll(async () => {
  fixture = await NodeFixture.make();
});
beforeEach(() => {
  folder = fixture.copy();
});
afterAll(() => fixture.close());

const renew = (...names: string[]) => fixture.run(folder, 'renew', ...names, '--no-restart');
const rollback = (...args: string[]) => fixture.run(folder, 'rollback', '--no-restart', ...args);
const read = (path: string) => readFileSync(join(folder, path), 'utf8');
const original = (path: string) => readFileSync(join(fixture.template, path), 'utf8');
const folders = () => ({ kubeconfigDir: folder, certDir: join(folder, 'pki') });
const installations = () =>
  listInstallations(join(folder, 'cakeless')).map((one) => ownInstallation(one, folders()));
const objections = (installation: Installation, date: Date) =>
  findObjections(installation, [], folders(), date);

it('a file that was changed since is not overwritten', async () => {
  await renew('admin.conf', 'etcd-peer', 'scheduler.conf');
  const edited = read('admin.conf').replace('api.prod', 'other.prod');
  writeFileSync(join(folder, 'admin.conf'), edited);
  writeFileSync(join(folder, 'pki/etcd/peer.key'), 'gone');
  const run = await rollback();
  expect([run.exitCode, run.stderr]).toEqual([
    EXIT.checkFailed,
    expect.stringMatching(
      /nothing was changed:\n.*admin\.conf: was changed since\n.*peer\.key: was changed since\n/,
    ),
  ]);
  expect(read('admin.conf')).toBe(edited);
  const dry = await rollback('--dry-run', '-o', 'json');
  expect([dry.exitCode, JSON.parse(dry.stdout).objections]).toEqual([0, expect.any(Array)]);
  expect(JSON.parse(dry.stdout).objections).toHaveLength(2);
  expect(installations().map(({ journal }) => journal.phase)).toEqual(['done']);
  expect((await rollback('--force')).exitCode).toBe(0);
  for (const path of ['admin.conf', 'scheduler.conf', 'pki/etcd/peer.key'])
    expect(read(path)).toBe(original(path));
});

it('an installation cannot be rolled back before a later one that replaced the same file', async () => {
  await renew('apiserver', 'admin.conf');
  await renew('apiserver');
  const [first, second] = installations().map(({ journal }) => journal.id);
  const run = await rollback(first ?? '');
  expect([run.exitCode, run.stderr]).toEqual([
    EXIT.checkFailed,
    expect.stringContaining(`apiserver.crt: installation ${second} replaced it again`),
  ]);
  expect(run.stderr).not.toContain('admin.conf');
  const back = await rollback();
  expect([back.exitCode, back.stdout]).toEqual([
    0,
    expect.stringContaining(
      `another cakeless rollback restores the files that installation ${first}`,
    ),
  ]);
  expect((await rollback(first ?? '')).exitCode).toBe(0);
  expect(read('pki/apiserver.crt')).toBe(original('pki/apiserver.crt'));
});

it('an expired certificate is not restored', async () => {
  await renew('apiserver', 'admin.conf');
  const [installation] = installations();
  if (!installation) throw new Error('no installation');
  expect(objections(installation, new Date())).toEqual([]);
  const later = new Date(Date.now() + 5 * 366 * 86_400_000);
  expect(objections(installation, later)).toEqual([
    expect.stringMatching(/apiserver\.crt: the old certificate expired at \d{4}-\S+Z$/),
    expect.stringMatching(/admin\.conf: the old certificate expired at \d{4}-\S+Z$/),
  ]);
});

/** Writes the file as a renewal with --accept-ca-change does. */
async function installCa(before: string): Promise<Installation> {
  const file = join(folder, 'pki/ca.crt');
  writeFileSync(file, before);
  const change = changeFile(file, original('pki/ca.crt'), { holdsKey: false, together: true });
  const plan = { names: [], cas: ['ca' as const], changes: [change], restarts: [] };
  const prepared = await prepareInstallation(folders(), plan, new Date());
  return record(await applyInstallation(prepared), { phase: 'done' });
}

it('a CA that current certificates need is not removed; an additional CA is not an objection', async () => {
  await installCa(original('pki/front-proxy-ca.crt'));
  const run = await rollback();
  expect(run.exitCode).toBe(EXIT.checkFailed);
  for (const file of ['apiserver.crt', 'apiserver-kubelet-client.crt', 'super-admin.conf'])
    expect(run.stderr).toMatch(
      new RegExp(`${file}: would stay, but no CA in the old .*pki/ca.crt signed`),
    );
  expect(run.stderr).not.toMatch(/etcd\/peer|front-proxy-client/);
  expect(read('pki/ca.crt')).toBe(original('pki/ca.crt'));
  expect((await rollback('--force')).exitCode).toBe(0);
  const both = await installCa(original('pki/ca.crt') + original('pki/front-proxy-ca.crt'));
  expect(objections(both, new Date())).toEqual([]);
});

it('a certificate that the current CA did not sign is not restored', async () => {
  await renew('apiserver', 'scheduler.conf');
  writeFileSync(join(folder, 'pki/ca.crt'), original('pki/etcd/ca.crt'));
  const run = await rollback();
  expect([run.exitCode, run.stderr]).toEqual([
    EXIT.checkFailed,
    expect.stringMatching(
      /apiserver\.crt: no CA in .*ca\.crt signed the old certificate\n.*scheduler\.conf: no CA in/,
    ),
  ]);
});
