/** Real kubeadm lists every certificate after `cakeless renew all` as present, renewed and externally managed. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findStaged } from '../../../../client/node/csr/staging.ts';
import { placeOf } from '../../../../client/node/disk/places.ts';
import { kindOfKey } from '../../../../client/node/disk/private-key.ts';
import { type CertificateInPlace, readPlace } from '../../../../client/node/disk/read-place.ts';
import { formatName } from '../../../../lib/csr/alternative-names.ts';
import { readRequest } from '../../../../lib/csr/read-request.ts';
import type { CertificateName } from '../../../../lib/profiles/certificate-names.ts';
import { readCertificateFacts } from '../../../support/certificate-facts.ts';
import { describeNode } from '../../../support/describe-node.ts';
import { kubeadmSet } from '../../../support/kubeadm-sets.ts';
import { NodeFixture } from '../../../support/node-folder.ts';
import { runKubeadm, whyNoKubeadm } from '../../../support/real-kubeadm.ts';

/** kubeadm release, the CSR set with the node's configuration, and the kind of its keys. */
const NODES = [
  ['1.22.17', 'renew-csr-only', 'v4-rsa2048', 'RSA-2048'],
  ['1.22.17', 'renew-csr-only', 'v4-p256', 'ECDSA-P256'],
  ['1.29.15', 'generate-csr', 'v4-p256', 'RSA-2048'],
  ['1.35.4', 'generate-csr', 'v6-p384', 'ECDSA-P384'],
  ['1.37.2', 'generate-csr', 'v4-p256', 'ECDSA-P256'],
] as const;

// generating a dozen RSA keys takes a while
jest.setTimeout(600_000);

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

describe.each(NODES)('kubeadm %s, %s, %s, %s', (version, layout, name, keyAlgorithm) => {
  const why = whyNoKubeadm(version);
  if (why) return it.skip(why, () => undefined);
  const rootfs = join(root, `${version}-${name}`);
  const folder = join(rootfs, 'etc/kubernetes');
  let fixture: NodeFixture;

  const placeIn = (certificate: CertificateName): CertificateInPlace => {
    const place = readPlace(
      placeOf(certificate, { kubeconfigDir: folder, certDir: join(folder, 'pki') }),
    );
    if (place.state !== 'present' || place.problems.length > 0)
      throw new Error(`${certificate}: ${JSON.stringify(place)}`);
    return place;
  };
  const serials = () => fixture.names.map((one) => placeIn(one).leaf.serialNumber);
  const expirations = () =>
    runKubeadm(version, 'certs', 'check-expiration', '--config', CONFIG, '--rootfs', rootfs);

  beforeAll(async () => {
    const set = kubeadmSet(version, layout, name);
    fixture = await NodeFixture.make(set, keyAlgorithm);
    mkdirSync(join(rootfs, 'etc'), { recursive: true });
    cpSync(fixture.template, folder, { recursive: true, verbatimSymlinks: true });
    writeFileSync(join(rootfs, CONFIG), readFileSync(join(set.dir, 'config.yaml')));
  });
  afterAll(() => fixture.close());

  it('csr all requests the subject, names and key algorithm of each current certificate', async () => {
    const out = join(root, `csr-${version}-${name}`);
    const run = await fixture.run(folder, 'csr', 'all', '--out', out);
    expect([run.exitCode, run.stderr]).toEqual([0, expect.any(String)]);
    for (const certificate of fixture.names) {
      const staged = findStaged(out, certificate);
      const { request } = readRequest(readFileSync(staged?.csrFile ?? ''));
      const { leaf } = placeIn(certificate);
      const facts = readCertificateFacts(leaf.toString());
      expect({
        name: certificate,
        CN: [request?.subject.commonName],
        O: [...(request?.subject.organizations ?? [])].sort(),
        names: request?.names.map(formatName),
        kind: request?.key.kind,
      }).toEqual({
        name: certificate,
        ...facts.subject,
        names: facts.names,
        kind: kindOfKey(leaf.publicKey),
      });
    }
    expect(kindOfKey(placeIn('apiserver').leaf.publicKey)).toBe(keyAlgorithm);
  });

  it('after renew all kubeadm lists every certificate as before, renewed and externally managed; nothing else changed', async () => {
    const [before, said, was] = [serials(), expirations(), describeNode(folder)];
    // all except kubelet.conf, and three CAs
    expect([said.status, rowsOf(said.stdout).length]).toEqual([0, fixture.names.length - 1 + 3]);
    const waits = await fixture.run(folder, 'renew', 'all', '--no-restart', '--request', 'second');
    expect([waits.exitCode, waits.stderr]).toEqual([4, expect.any(String)]); // system:masters waits for an approver
    await fixture.approve('second');
    const done = await fixture.run(folder, 'renew', 'all', '--no-restart', '--wait', '1m');
    expect([done.exitCode, done.stderr]).toEqual([0, expect.any(String)]);
    expect(serials().filter((serial, i) => serial === before[i])).toEqual([]);
    expect(describeNode(folder)).toEqual(was);
    const now = expirations();
    expect([now.status, now.stderr]).toEqual([0, expect.any(String)]);
    expect(now.stdout).not.toMatch(/MISSING/);
    expect(rowsOf(now.stdout).map((row) => row.name)).toEqual(
      rowsOf(said.stdout).map((row) => row.name),
    );
    for (const { line } of rowsOf(now.stdout)) expect(line).toMatch(/ yes$/);
  });
  return undefined;
});
