/** `cakeless renew --trust-from-cluster` on a worker: its files, and what the cluster publishes. */
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRootCa } from '../../../../client/commands/trust-from-cluster.ts';
import { KubeError } from '../../../../client/kubernetes/kube-client.ts';
import { readKubeconfig } from '../../../../client/node/disk/kubeconfig.ts';
import { listInstallations } from '../../../../client/node/install/journal.ts';
import { checkApiServer } from '../../../../client/node/renewal/check-api-server.ts';
import type { ClusterTrust } from '../../../../client/node/renewal/cluster-rotation.ts';
import { trustFromCluster } from '../../../../client/node/renewal/trust-from-cluster.ts';
import { previewRollback, rollBack } from '../../../../client/node/rollback/rollback.ts';
import type { ReachApiServer } from '../../../../client/node/trust/api-server.ts';
import { caHashesOf, formatCaCertHash } from '../../../../client/node/trust/ca-cert-hash.ts';
import { certificateToPem } from '../../../../lib/certificate/pem.ts';
import { newEcKeys, spkiOf } from '../../../support/ca-certificate.ts';
import { CorporatePki } from '../../../support/corporate-pki.ts';
import { CorporateRoot } from '../../../support/corporate-root.ts';
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
/** API servers whose certificates are of these CAs: a connection is verified by a bundle that has its CA. */
const servedBy =
  (...cas: string[]): ReachApiServer =>
  async (bundle) => {
    if (!cas.every((ca) => bundle.includes(ca))) throw new Error('unable to verify');
  };
interface More {
  readonly dryRun?: boolean;
  readonly hashes?: string[];
  readonly reach?: ReachApiServer;
  readonly trust?: ClusterTrust;
}
const run = (published: string, more: More = {}) =>
  trustFromCluster(
    deps(),
    {
      also: [],
      restart: false,
      dryRun: more.dryRun === true,
      hashes: caHashesOf(more.hashes ?? []),
    },
    {
      readPublished: async () => published,
      readRotation: async () => more.trust,
      reach: more.reach ?? (async () => undefined),
    },
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

describe('a ConfigMap that is older than the certificate of the API server', () => {
  beforeEach(() => writeFileSync(join(folder, 'pki/ca.crt'), current + next));

  it.each([
    ['is refused', false],
    ['is refused by --dry-run, too', true],
  ])('%s', async (_, dryRun) => {
    await expect(run(current, { dryRun, reach: servedBy(next) })).rejects.toMatchObject({
      code: 'check-failed',
      message: expect.stringMatching(
        /nothing was changed: .*kube-root-ca\.crt do not verify .*unable/,
      ),
      hint: expect.stringMatching(/restart kube-controller-manager/),
    });
    expect(caOf()).toBe(current + next);
  });

  it('is refused if one of several API servers behind a load balancer is newer', async () => {
    let connections = 0;
    const reach: ReachApiServer = (bundle) => {
      connections += 1;
      return servedBy(connections % 2 === 0 ? next : current)(bundle);
    };
    await expect(run(current, { reach })).rejects.toThrow(/do not verify the API server/);
  });

  it('that lacks a CA which no API server uses removes it', async () => {
    await run(current, { reach: servedBy(current) });
    expect(caOf()).toBe(current);
  });
});

it('is not rolled back to a ca.crt that does not verify the API server of today', async () => {
  await run(current + next);
  const options = { id: undefined, restart: false, force: false };
  const reach = servedBy(next);
  const preview = await previewRollback({ ...deps(), reach }, undefined);
  expect(preview.objections).toEqual([
    expect.stringMatching(/ca\.crt: the kubelet would no longer verify the API server .*unable/),
  ]);
  await expect(rollBack({ ...deps(), reach }, options)).rejects.toThrow(/would no longer verify/);
  expect(caOf()).toBe(current + next);
  await rollBack({ ...deps(), reach: servedBy('an API server that is down') }, options);
  expect(caOf()).toBe(current);
});

describe('an accepted change of renew', () => {
  type Name = 'apiserver' | 'kubelet.conf';
  const check = (after: string, reach: ReachApiServer, renewed: readonly Name[] = []) => {
    const { folders } = deps();
    const caFiles = new Map([[join(folder, 'pki/ca.crt'), after]]);
    return checkApiServer(reach, { caFiles }, folders, renewed);
  };
  beforeEach(() => writeFileSync(join(folder, 'pki/ca.crt'), current + next));
  /** @returns the certificate of the API server on this node */
  const putApiServer = () => {
    const kubeconfig = readKubeconfig(readFileSync(join(folder, 'kubelet.conf'), 'utf8'), folder);
    const { certificate } = kubeconfig;
    const pem = certificate && 'pem' in certificate ? certificate.pem : '';
    writeFileSync(join(folder, 'pki/apiserver.crt'), pem);
    return certificateToPem(new X509Certificate(pem).raw);
  };

  it('must not remove the CA of the API server', async () => {
    await expect(check(current, servedBy(next), ['kubelet.conf'])).rejects.toMatchObject({
      code: 'check-failed',
      message: expect.stringMatching(
        /would no longer verify the API server, which it verifies today/,
      ),
    });
  });

  it('must not remove the CA of another API server, if that on this node gets a certificate of the new one', async () => {
    const own = putApiServer();
    let connections = 0;
    const behindLoadBalancer: ReachApiServer = (bundle) => {
      connections += 1;
      return servedBy(connections % 2 === 0 ? next : own)(bundle);
    };
    await expect(check(current, behindLoadBalancer, ['apiserver'])).rejects.toMatchObject({
      code: 'check-failed',
    });
  });

  it.each<[string, () => Promise<void>]>([
    ['may remove another CA', () => check(current, servedBy(current))],
    [
      'may remove it together with the certificate of the API server on this node',
      () => check(current, servedBy(putApiServer()), ['apiserver']),
    ],
    [
      'may remove it if the API server cannot be reached today, either',
      () => check(current, servedBy('an API server that is down')),
    ],
    [
      'may change the order without a connection',
      () => check(next + current, () => Promise.reject(new Error('a connection'))),
    ],
  ])('%s', async (_, checked) => {
    await expect(checked()).resolves.toBeUndefined();
  });
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

it('refuses more certificates than two versions of a CA have', async () => {
  await expect(run(current.repeat(33))).rejects.toThrow(
    /are too many: the list has 33 certificates; at most 32 are examined/,
  );
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

  it('a renewed certificate of the CA is taken, without what is above it', async () => {
    const corporate = new CorporateRoot();
    const keys = newEcKeys();
    const [old, renewed] = [400, 3000].map((days) => {
      const notAfter = new Date(Date.now() + days * 86_400_000);
      const from = new Date(Date.now() - 86_400_000);
      return certificateToPem(corporate.certify(spkiOf(keys), 'kubernetes', from, { notAfter }));
    }) as [string, string];
    writeFileSync(join(folder, 'pki/ca.crt'), old);
    const report = await run(renewed + corporate.chainPem);
    expect(caOf()).toBe(renewed);
    expect(report.caDifferences.join()).toMatch(/ca\.crt got CN=kubernetes until/);
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
