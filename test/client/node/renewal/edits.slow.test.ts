/** Edits that people make during a renewal or a rollback are kept. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { changeFile } from '../../../../client/node/disk/file-change.ts';
import { prepareInstallation } from '../../../../client/node/install/installation.ts';
import { listInstallations } from '../../../../client/node/install/journal.ts';
import { renew } from '../../../../client/node/renewal/renew.ts';
import { rollBack } from '../../../../client/node/rollback/rollback.ts';
import { caHashesOf } from '../../../../client/node/trust/ca-cert-hash.ts';
import { certificateToPem } from '../../../../lib/certificate/pem.ts';
import { newEcKeys, writeCaCertificate } from '../../../support/ca-certificate.ts';
import { NodeFixture } from '../../../support/node-folder.ts';
import { renewalDeps, renewalOptions } from '../../../support/renewal.ts';

let fixture: NodeFixture;
beforeAll(async () => {
  fixture = await NodeFixture.make();
});
afterAll(() => fixture.close());

const MANIFEST =
  'apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: x/kube-scheduler:v1.35.0\n    command: [kube-scheduler]\n';

/** A manifest makes the scheduler's certificate wait for the lease; the manifest is removed before the restart. */
function depsThatWait(folder: string, edit: () => void) {
  mkdirSync(join(folder, 'manifests'));
  const manifest = join(folder, 'manifests/kube-scheduler.yaml');
  writeFileSync(manifest, MANIFEST);
  const lease = async () => {
    edit();
    rmSync(manifest);
    return { extend: async () => {}, release: async () => {} };
  };
  return renewalDeps(fixture, folder, { lease });
}

/** Renews scheduler.conf. */
const renewWhile = async (folder: string, edit: () => void) =>
  renew(depsThatWait(folder, edit), renewalOptions(fixture, ['scheduler.conf'], { restart: true }));

it('an edit of a kubeconfig while the node waits for the lease is kept', async () => {
  const folder = fixture.copy();
  const file = join(folder, 'scheduler.conf');
  const report = await renewWhile(folder, () => {
    const text = readFileSync(file, 'utf8').replace('api.prod.example', 'new-lb.prod.example');
    writeFileSync(file, text);
  });
  expect(report.certificates).toMatchObject([{ name: 'scheduler.conf', outcome: 'renewed' }]);
  expect(readFileSync(file, 'utf8')).toContain('new-lb.prod.example');
  const old = readFileSync(join(fixture.template, 'scheduler.conf'), 'utf8');
  expect(certificateData(readFileSync(file, 'utf8'))).not.toBe(certificateData(old));
  const [installation] = listInstallations(join(folder, 'cakeless'));
  expect(readFileSync(join(installation?.folder ?? '', 'old', '0'), 'utf8')).toContain('new-lb');
});

const certificateData = (yaml: string) => /client-certificate-data: "?([^"\n]+)/.exec(yaml)?.[1];

it('if a kubeconfig is removed while the node waits, nothing is changed', async () => {
  const folder = fixture.copy();
  const gone = renewWhile(folder, () => rmSync(join(folder, 'scheduler.conf')));
  await expect(gone).rejects.toThrow(
    /changed while it waited for the restart lease; nothing was changed/,
  );
  expect(listInstallations(join(folder, 'cakeless'))).toEqual([]);
});

it('a CA file is not changed if the API server gets a certificate of a CA that it would lose while the node waits', async () => {
  const folder = fixture.copy();
  const file = join(folder, 'pki/ca.crt');
  const published = readFileSync(file, 'utf8');
  const next = certificateToPem(writeCaCertificate(newEcKeys(), new Date()));
  writeFileSync(file, published + next);
  let isRenewed = false;
  const deps = depsThatWait(folder, () => {
    isRenewed = true;
  });
  const reach = async (ca: string) => {
    if (isRenewed && !ca.includes(next)) throw new Error('unable to verify');
  };
  const caChange = { accept: true, hashes: caHashesOf([]) };
  const options = renewalOptions(fixture, ['scheduler.conf'], { restart: true, caChange });
  await expect(renew({ ...deps, reach }, options)).rejects.toThrow(
    /would no longer verify the API server, which it verifies today: unable to verify/,
  );
  expect(readFileSync(file, 'utf8')).toBe(published + next);
  expect(listInstallations(join(folder, 'cakeless'))).toEqual([]);
});

it('a file that changed since its new content was computed is refused, before a journal is written', async () => {
  const root = mkdtempSync(join(tmpdir(), 'cakeless-edits-'));
  const [file, stateDir] = [join(root, 'admin.conf'), join(root, 'cakeless')];
  writeFileSync(file, 'one');
  const changes = [changeFile(file, 'two', { holdsKey: true, together: false })];
  writeFileSync(file, 'of another program');
  const plan = { names: ['admin.conf' as const], cas: [], changes, restarts: [] };
  const folders = { kubeconfigDir: root, certDir: join(root, 'pki') };
  await expect(prepareInstallation(folders, plan, new Date(0))).rejects.toThrow(
    /another program changed \S+admin.conf; nothing was changed/,
  );
  expect([listInstallations(stateDir), readFileSync(file, 'utf8')]).toEqual([
    [],
    'of another program',
  ]);
  rmSync(root, { recursive: true });
});

it('a rollback does not overwrite an edit that was made while it waited for the lease', async () => {
  const folder = fixture.copy();
  const file = join(folder, 'scheduler.conf');
  await fixture.run(folder, 'renew', 'scheduler.conf', '--no-restart');
  const edited = readFileSync(file, 'utf8').replace('api.prod.example', 'new-lb.prod.example');
  const deps = depsThatWait(folder, () => writeFileSync(file, edited));
  await expect(rollBack(deps, { id: undefined, restart: true, force: false })).rejects.toThrow(
    /nothing was changed: .*scheduler\.conf: was changed since/,
  );
  expect(readFileSync(file, 'utf8')).toBe(edited);
  const [installation] = listInstallations(join(folder, 'cakeless'));
  expect(installation?.journal.phase).toBe('done');
});
