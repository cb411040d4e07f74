/** What real kubeadm says of a node after `cakeless renew all`: everything is there, renewed, and managed externally. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { placeOf } from '../../../client/node/places.ts';
import { readPlace } from '../../../client/node/read-place.ts';
import { CERTIFICATE_NAMES } from '../../../lib/profiles/certificate-names.ts';
import { kubeadmSet } from '../../support/kubeadm-sets.ts';
import { NodeFixture } from '../../support/node-folder.ts';
import { runKubeadm, whyNoKubeadm } from '../../support/real-kubeadm.ts';

const NODES = [
  ['1.29.15', 'v4-p256', 'RSA-2048'],
  ['1.35.4', 'v6-p384', 'ECDSA-P384'],
  ['1.37.2', 'v4-p256', 'ECDSA-P256'],
] as const;

const CONFIG = '/etc/kubernetes/config.yaml';
const root = mkdtempSync(join(tmpdir(), 'cakeless-renewed-'));
afterAll(() => rmSync(root, { recursive: true }));

interface Row {
  readonly name: string;
  readonly line: string;
}

/** The rows of kubeadm's two tables, which end in the column EXTERNALLY MANAGED. */
const rowsOf = (text: string): Row[] =>
  text
    .split('\n')
    .filter((line) => / UTC /.test(line))
    .map((line) => ({ name: line.trim().split(/\s+/)[0] ?? '', line: line.trim() }));

describe.each(NODES)('kubeadm %s, %s, %s', (version, name, keyAlgorithm) => {
  const why = whyNoKubeadm(version);
  if (why) return it.skip(why, () => undefined);
  const rootfs = join(root, version);
  const folder = join(rootfs, 'etc/kubernetes');
  const folders = { kubeconfigDir: folder, certDir: join(folder, 'pki') };
  let fixture: NodeFixture;

  const serials = () =>
    CERTIFICATE_NAMES.map((certificate) => {
      const place = readPlace(placeOf(certificate, folders));
      return place.state === 'present' ? [certificate, place.leaf.serialNumber] : [certificate];
    });
  const expirations = () =>
    runKubeadm(version, 'certs', 'check-expiration', '--config', CONFIG, '--rootfs', rootfs);

  beforeAll(async () => {
    const set = kubeadmSet(version, 'generate-csr', name);
    fixture = await NodeFixture.make(set, keyAlgorithm);
    mkdirSync(join(rootfs, 'etc'), { recursive: true });
    cpSync(fixture.template, folder, { recursive: true, verbatimSymlinks: true });
    writeFileSync(join(rootfs, CONFIG), readFileSync(join(set.dir, 'config.yaml')));
  });
  afterAll(() => fixture.close());

  it('lists every certificate as before, renewed, and externally managed', async () => {
    const [before, said] = [serials(), expirations()];
    expect([said.status, rowsOf(said.stdout).length]).toEqual([0, 14]);
    const waits = await fixture.run(folder, 'renew', 'all', '--no-restart', '--request', 'second');
    expect([waits.exitCode, waits.stderr]).toEqual([4, expect.any(String)]); // super-admin.conf waits
    await fixture.approve('second');
    const done = await fixture.run(folder, 'renew', 'all', '--no-restart', '--wait', '1m');
    expect([done.exitCode, done.stderr]).toEqual([0, expect.any(String)]);
    const after = serials();
    expect(
      after.filter(([, serial], i) => serial === undefined || serial === before[i]?.[1]),
    ).toEqual([]);
    const now = expirations();
    expect([now.status, now.stderr]).toEqual([0, expect.any(String)]);
    expect(now.stdout).not.toMatch(/MISSING/);
    expect(rowsOf(now.stdout).map((row) => row.name)).toEqual(
      rowsOf(said.stdout).map((row) => row.name),
    );
    for (const { line } of rowsOf(now.stdout)) expect(line).toMatch(/ yes$/);
  });
});
