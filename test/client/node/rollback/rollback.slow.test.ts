/** Rollback says what speaks against it, all at once, and changes nothing unless told to. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT } from '../../../../client/exit-codes.ts';
import { changeFile } from '../../../../client/node/disk/file-change.ts';
import {
  applyInstallation,
  type Installation,
  listInstallations,
  prepareInstallation,
  record,
} from '../../../../client/node/install/installation.ts';
import { findObjections } from '../../../../client/node/install/objections.ts';
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
const installations = () => listInstallations(join(folder, 'cakeless'));
const objections = (installation: Installation, date: Date) =>
  findObjections(installation, [], { kubeconfigDir: folder, certDir: join(folder, 'pki') }, date);

it('what somebody changed or removed since is not written over', async () => {
  await renew('admin.conf', 'etcd-peer', 'scheduler.conf');
  const edited = read('admin.conf').replace('api.prod', 'other.prod');
  writeFileSync(join(folder, 'admin.conf'), edited);
  writeFileSync(join(folder, 'pki/etcd/peer.key'), 'gone');
  const run = await rollback();
  expect([run.exitCode, run.stderr]).toEqual([
    EXIT.checkFailed,
    expect.stringMatching(
      /nothing was put back:\n.*admin\.conf: somebody changed it since\n.*peer\.key: somebody changed it since\n/,
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

it('an installation that a later one wrote over has to wait for that one', async () => {
  await renew('apiserver', 'admin.conf');
  await renew('apiserver');
  const [first, second] = installations().map(({ journal }) => journal.id);
  const run = await rollback(first ?? '');
  expect([run.exitCode, run.stderr]).toEqual([
    EXIT.checkFailed,
    expect.stringContaining(`apiserver.crt: installation ${second} wrote it again`),
  ]);
  expect(run.stderr).not.toContain('admin.conf');
  const back = await rollback();
  expect([back.exitCode, back.stdout]).toEqual([
    0,
    expect.stringContaining(`another cakeless rollback puts back what installation ${first}`),
  ]);
  expect((await rollback(first ?? '')).exitCode).toBe(0);
  expect(read('pki/apiserver.crt')).toBe(original('pki/apiserver.crt'));
});

it('a certificate that has ended is not put back', async () => {
  await renew('apiserver', 'admin.conf');
  const [installation] = installations();
  if (!installation) throw new Error('there is none');
  expect(objections(installation, new Date())).toEqual([]);
  const later = new Date(Date.now() + 5 * 366 * 86_400_000);
  expect(objections(installation, later)).toEqual([
    expect.stringMatching(/apiserver\.crt: the old certificate ended on .* GMT$/),
    expect.stringMatching(/admin\.conf: the old certificate ended on .* GMT$/),
  ]);
});

/** As a renewal with --accept-ca-change writes the file. */
async function installCa(before: string): Promise<Installation> {
  const file = join(folder, 'pki/ca.crt');
  writeFileSync(file, before);
  const change = changeFile(file, original('pki/ca.crt'), { holdsKey: false, together: true });
  const plan = { names: [], caChanged: true, changes: [change], restarts: [] };
  const prepared = await prepareInstallation(join(folder, 'cakeless'), plan, new Date());
  return record(await applyInstallation(prepared), { phase: 'done' });
}

it('a CA that certificates of today need is not taken away; one that goes along is no matter', async () => {
  await installCa(original('pki/front-proxy-ca.crt'));
  const run = await rollback();
  expect(run.exitCode).toBe(EXIT.checkFailed);
  for (const file of ['apiserver.crt', 'apiserver-kubelet-client.crt', 'super-admin.conf'])
    expect(run.stderr).toMatch(
      new RegExp(`${file}: stays, and no CA in the old .*pki/ca.crt signed`),
    );
  expect(run.stderr).not.toMatch(/etcd\/peer|front-proxy-client/);
  expect(read('pki/ca.crt')).toBe(original('pki/ca.crt'));
  expect((await rollback('--force')).exitCode).toBe(0);
  const both = await installCa(original('pki/ca.crt') + original('pki/front-proxy-ca.crt'));
  expect(objections(both, new Date())).toEqual([]);
});

it('a certificate of another CA than the one in place is not put back', async () => {
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
