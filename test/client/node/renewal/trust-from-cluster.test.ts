/** `cakeless renew --trust-from-cluster` on a worker: its files, and what the cluster publishes. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRootCa } from '../../../../client/commands/trust-from-cluster.ts';
import { KubeError } from '../../../../client/kubernetes/kube-client.ts';
import { readKubeconfig } from '../../../../client/node/disk/kubeconfig.ts';
import { listInstallations } from '../../../../client/node/install/journal.ts';
import { trustFromCluster } from '../../../../client/node/renewal/trust-from-cluster.ts';
import { rollBack } from '../../../../client/node/rollback/rollback.ts';
import { caHashesOf, formatCaCertHash } from '../../../../client/node/trust/ca-cert-hash.ts';
import { CorporatePki } from '../../../support/corporate-pki.ts';
import { LEAVES, OpensslNode } from '../../../support/openssl-node.ts';

const root = mkdtempSync(join(tmpdir(), 'cakeless-trust-'));
let next = '';
let current = '';

beforeAll(() => {
  const node = new OpensslNode(join(root, 'template')).make(
    LEAVES.filter(({ path }) => path === 'kubelet.conf'),
  );
  node.makeCa('next', 'kubernetes');
  const read = (name: string) => readFileSync(join(root, 'template/pki', name), 'utf8');
  [current, next] = [read('ca.crt'), read('next.crt')];
});
afterAll(() => rmSync(root, { recursive: true }));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(root, 'node-'));
  execFileSync('cp', ['-a', `${join(root, 'template')}/.`, folder]);
});

const caOf = () => readFileSync(join(folder, 'pki/ca.crt'), 'utf8');
const restarted: string[] = [];
const deps = () => ({
  folders: { kubeconfigDir: folder, certDir: join(folder, 'pki') },
  stateDir: join(folder, 'cakeless'),
  terminal: { print: () => undefined, progress: () => undefined },
  timeoutSeconds: 1,
  clock: {
    now: () => new Date(),
    monotonic: () => performance.now(),
    sleep: async () => undefined,
  },
  systemd: {
    isRunning: () => true,
    systemctl: async (...args: string[]) => void restarted.push(args.join(' ')),
  },
});
const run = (published: string, more: { dryRun?: boolean; hashes?: string[] } = {}) =>
  trustFromCluster(
    deps(),
    {
      also: [],
      restart: false,
      dryRun: more.dryRun === true,
      hashes: caHashesOf(more.hashes ?? []),
    },
    async () => published,
  );

it('gives ca.crt and kubelet.conf the certificates of the cluster, and can be rolled back', async () => {
  const before = caOf();
  const report = await run(current + next);
  expect(report.caDifferences).toEqual([expect.stringMatching(/ca\.crt got CN=kubernetes/)]);
  expect(caOf().match(/BEGIN/g)).toHaveLength(2);
  const text = readFileSync(join(folder, 'kubelet.conf'), 'utf8');
  const { certificateAuthority } = readKubeconfig(text, folder);
  expect(certificateAuthority).toEqual({ pem: caOf() });
  expect((await run(current + next)).backup).toBeUndefined();
  await rollBack(deps(), { id: undefined, restart: false, force: false });
  expect(caOf()).toBe(before);
});

it('--dry-run changes nothing', async () => {
  const report = await run(current + next, { dryRun: true });
  expect(report.caDifferences).toEqual([expect.stringMatching(/would get/)]);
  expect([caOf(), listInstallations(join(folder, 'cakeless'))]).toEqual([current, []]);
});

it('refuses a bundle without the CA of the certificate that the kubelet uses', async () => {
  await expect(run(next)).rejects.toThrow(/kubelet\.conf would no longer be trusted/);
  expect(caOf()).toBe(current);
});

it('a given hash must match each new CA', async () => {
  await expect(run(current + next, { hashes: [formatCaCertHash('ca', current)] })).rejects.toThrow(
    /no --ca-cert-hash matches/,
  );
  await run(current + next, { hashes: [formatCaCertHash('ca', next)] });
  expect(caOf()).not.toBe(current);
});

it.each([
  ['nothing', ''],
  ['something that is not a certificate', 'x'],
])('refuses %s', async (_, text) => {
  await expect(run(text)).rejects.toMatchObject({ code: 'check-failed' });
});

it('refuses a certificate that is not a CA', async () => {
  const kubelet = readKubeconfig(readFileSync(join(folder, 'kubelet.conf'), 'utf8'), folder);
  const leaf = kubelet.certificate && 'pem' in kubelet.certificate ? kubelet.certificate.pem : '';
  await expect(run(current + leaf)).rejects.toThrow(/not a CA|canonical/);
});

it('is refused on a control plane, which has its CA files from the service', async () => {
  mkdirSync(join(folder, 'manifests'));
  writeFileSync(join(folder, 'manifests/kube-apiserver.yaml'), 'spec: {containers: []}\n');
  await expect(run(current + next)).rejects.toThrow(/control plane/);
});

describe('below a corporate root', () => {
  const pki = new CorporatePki(join(root, 'corporate'));
  const [sub, rotated, issuing, top] = ['sub', 'rotated', 'issuing', 'root'].map(
    (name) => () => pki.certificate(name),
  ) as [() => string, () => string, () => string, () => string];
  beforeAll(() => {
    pki.makeCa('sub', '/CN=kubernetes');
    pki.makeCa('rotated', '/CN=kubernetes');
  });
  beforeEach(() => {
    writeFileSync(join(folder, 'pki/ca.crt'), sub());
    rmSync(join(folder, 'kubelet.conf')); // its certificate is of another CA
  });

  it.each<[string, () => string, () => string]>([
    ['what is above the CA is left out', () => sub() + issuing() + top(), sub],
    ['the root alone, too, if what is between is missing', () => sub() + top(), sub],
    [
      'a second CA of the cluster is taken, without what is above it',
      () => sub() + rotated() + issuing() + top(),
      () => sub() + rotated(),
    ],
  ])('%s', async (_, published, expected) => {
    const report = await run(published());
    expect(caOf()).toBe(expected());
    expect(report.notes.filter((note) => /was left out/.test(note))).not.toEqual([]);
  });

  it('a self-signed CA is taken if its hash is given', async () => {
    const hashes = [formatCaCertHash('ca', next)];
    await run(sub() + next + issuing() + top(), { hashes });
    expect(caOf()).toBe(sub() + next);
  });
});

describe('the ConfigMap kube-root-ca.crt', () => {
  it('is that of kube-system, and its ca.crt is taken', async () => {
    const paths: string[] = [];
    const get = async <T>(path: string) => {
      paths.push(path);
      return { data: { 'ca.crt': 'PEM' } } as T;
    };
    expect(await readRootCa({ get })).toBe('PEM');
    expect(paths).toEqual(['/api/v1/namespaces/kube-system/configmaps/kube-root-ca.crt']);
  });

  it('that the kubelet may not read is explained', async () => {
    const get = () => Promise.reject(new KubeError(403, 'Forbidden', 'no relationship found'));
    await expect(readRootCa({ get })).rejects.toMatchObject({
      code: 'denied',
      hint: expect.stringContaining('kube-proxy'),
    });
  });

  it('that does not exist is a failure', async () => {
    await expect(readRootCa({ get: async () => undefined })).rejects.toMatchObject({
      code: 'failure',
    });
  });
});
