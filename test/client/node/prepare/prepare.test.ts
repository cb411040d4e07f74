/** A new node from nothing to the point where kubeadm takes over, against the whole service. */
import { execFileSync } from 'node:child_process';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { EXIT } from '../../../../client/exit-codes.ts';
import { kubeconfigText } from '../../../../client/node/kubeconfig-text.ts';
import { placeOf } from '../../../../client/node/places.ts';
import { readPlace } from '../../../../client/node/read-place.ts';
import { isCertificateName } from '../../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../../lib/profiles/profile-for.ts';
import type { ObjectStore } from '../../../../lib/store/object-store.ts';
import { readCertificateFacts } from '../../../support/certificate-facts.ts';
import { type ChainItem, judgeChain } from '../../../support/judges.ts';
import { type KubeadmSet, kubeadmSet } from '../../../support/kubeadm-sets.ts';
import { itMounts, mountOn, unmount } from '../../../support/mounted.ts';
import { NewNode } from '../../../support/new-node.ts';
import { RunningService } from '../../../support/running-service.ts';
import { cakeless } from '../../../support/running-service-command.ts';

const newest = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
const BUNDLES = ['ca.crt', 'etcd/ca.crt', 'front-proxy-ca.crt'];
let service: RunningService;
let count = 0;

beforeAll(async () => {
  service = await RunningService.start();
  await service.invoke('cakeless-create-ca', { trustDomain: 'fleet' });
});
afterAll(() => service.close());

async function newNode(set: KubeadmSet = newest, yaml = set.configYaml ?? ''): Promise<NewNode> {
  count += 1;
  const { cluster, node } = await service.declare(set, `cluster-${count}`);
  return new NewNode(service, join(service.dataDir, 'nodes', cluster), cluster, node, yaml);
}

/** Content and mode of every file. */
function snapshot(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  return Object.fromEntries(
    files.map((file) => [
      file,
      `${(statSync(file).mode & 0o777).toString(8)} ${readFileSync(file, 'utf8')}`,
    ]),
  );
}

const present = (node: NewNode, name: string) => {
  if (!isCertificateName(name)) throw new Error(name);
  const found = readPlace(placeOf(name, { certDir: node.at('pki'), kubeconfigDir: node.folder }));
  if (found.state !== 'present') throw new Error(`${name} is ${found.state}`);
  return found;
};

describe.each([
  ['1.22.17', 'v6-rsa2048'],
  ['1.29.15', 'v4-p256'],
  ['1.37.2', 'v4-p256'],
])('the first control plane, %s %s', (version, config) => {
  const set = kubeadmSet(version, 'generate-csr', config);
  let node: NewNode;
  let first: Awaited<ReturnType<NewNode['prepare']>>;
  let second: typeof first;

  beforeAll(async () => {
    node = await newNode(set);
    first = await node.prepare();
    await node.approveAll(first.result);
    second = await node.prepare();
  });

  it('system:masters waits for an approver, everything else is there', () => {
    const masters = set.csrs
      .filter(
        ({ subject, path }) =>
          subject.some(([, value]) => value === 'system:masters') && !/etcd/.test(path),
      )
      .map(({ certificateName }) => certificateName);
    expect(first.exitCode).toBe(EXIT.pending);
    const pending = first.result.certificates.filter(({ state }) => state === 'pending');
    expect(pending.map(({ name }) => name).sort()).toEqual(masters.sort());
    expect(first.result.next).toBeUndefined();
    expect(first.result.hindrances.length).toBeGreaterThanOrEqual(masters.length);
  });

  it('after the approval it is complete, kubeadm init is next, and a third run changes nothing', async () => {
    expect(second.result.hindrances).toEqual([]);
    expect(second.exitCode).toBe(EXIT.done);
    expect(second.result.next).toBe(`kubeadm init --config ${node.at('config.yaml')}`);
    const before = snapshot(node.folder);
    const requests = await service.keys('exchange', `requests/${node.cluster}/`);
    expect(requests).toHaveLength(set.csrs.length);

    const third = await node.prepare();
    expect(third.exitCode).toBe(EXIT.done);
    expect(third.result.next).toBe(second.result.next);
    expect(snapshot(node.folder)).toEqual(before);
    expect(await service.keys('exchange', `requests/${node.cluster}/`)).toEqual(requests);
  });

  it('OpenSSL takes every certificate for its use and names, from the CA on disk', () => {
    const items = set.csrs.flatMap(({ certificateName: name, sans }): ChainItem[] => {
      const { chain } = present(node, name);
      if (!isCertificateName(name)) throw new Error(name);
      const { extendedKeyUsages, ca } = profileOf(name);
      const roots = readFileSync(
        node.at('pki', ca === 'etcd-ca' ? 'etcd/ca.crt' : `${ca}.crt`),
        'utf8',
      );
      return extendedKeyUsages.map((usage) => ({
        name: `${name} ${usage}`,
        certificate: chain.join('\n'),
        roots,
        usage,
        dnsNames: usage === 'serverAuth' ? sans.dns.filter((d) => !d.startsWith('*')) : [],
        ips: usage === 'serverAuth' ? sans.ip : [],
      }));
    });
    expect(judgeChain(items, ['openssl']).filter(({ ok }) => !ok)).toEqual([]);
  });

  it('subject, usages and names are those that kubeadm gives with a CA of its own', () => {
    for (const { certificateName: name, reference = '' } of set.csrs) {
      const { chain } = present(node, name);
      const [own, real] = [chain[0] ?? '', readFileSync(reference, 'utf8')].map((pem) => {
        const { subject, names, extendedKeyUsages } = readCertificateFacts(pem);
        return { subject, names: [...names].sort(), extendedKeyUsages };
      });
      expect([name, own]).toEqual([name, real]);
    }
  });

  it('keys belong to their certificates, and nobody else may read them', () => {
    for (const { certificateName } of set.csrs) {
      const { problems, keyFile = '' } = present(node, certificateName);
      expect(problems).toEqual([]);
      expect((statSync(keyFile).mode & 0o777).toString(8)).toBe('600');
    }
    const [key, pub] = ['sa.key', 'sa.pub'].map((name) => node.at('pki', name));
    expect((statSync(key ?? '').mode & 0o777).toString(8)).toBe('600');
    expect(
      createPublicKey(createPrivateKey(readFileSync(key ?? ''))).equals(
        createPublicKey(readFileSync(pub ?? '')),
      ),
    ).toBe(true);
  });

  it('no CA key and nothing half-written is left', () => {
    const files = Object.keys(snapshot(node.folder));
    expect(files.filter((file) => /ca\.key$|\.tmp$/.test(file))).toEqual([]);
  });
});

it('kubeconfigs are those of kubeadm, field by field', async () => {
  const node = await newNode();
  await node.prepareWhole();
  const ca = readFileSync(node.at('pki/ca.crt'));
  const expected: [string, string, string][] = [
    ['admin.conf', 'kubernetes-admin', 'api.prod.example.com'],
    ['super-admin.conf', 'kubernetes-super-admin', 'api.prod.example.com'],
    // ControlPlaneKubeletLocalMode, from 1.33 on
    ['kubelet.conf', 'system:node:cp-1.prod.example.com', '10.20.0.11'],
    ['controller-manager.conf', 'system:kube-controller-manager', '10.20.0.11'],
    ['scheduler.conf', 'system:kube-scheduler', '10.20.0.11'],
  ];
  for (const [file, user, host] of expected) {
    const document = parse(readFileSync(node.at(file), 'utf8'));
    expect(document).toEqual({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: 'prod',
          cluster: {
            server: `https://${host}:6443`,
            'certificate-authority-data': ca.toString('base64'),
          },
        },
      ],
      contexts: [{ name: `${user}@prod`, context: { cluster: 'prod', user } }],
      'current-context': `${user}@prod`,
      users: [
        {
          name: user,
          user: {
            'client-certificate-data': expect.any(String),
            'client-key-data': expect.any(String),
          },
        },
      ],
    });
  }
});

describe('first trust', () => {
  const hashes = async (): Promise<Record<string, string>> => {
    const out: Record<string, string> = {};
    for (const path of BUNDLES) {
      const pem = (await service.text('exchange', `trust/fleet/${path}`)) ?? '';
      // as kubeadm's documentation has it, so that our own reckoning is judged
      const spki = execFileSync('openssl', ['x509', '-pubkey', '-noout'], { input: pem });
      const der = execFileSync('openssl', ['pkey', '-pubin', '-outform', 'der'], { input: spki });
      const [hash = ''] = execFileSync('openssl', ['dgst', '-sha256', '-r'], { input: der })
        .toString()
        .split(' ');
      out[path] = `sha256:${hash}`;
    }
    return out;
  };
  const noTrust = { trustOnFirstUse: false };

  it('without a pin nothing of the CAs is written, and what came is shown', async () => {
    const node = await newNode();
    const { exitCode, result } = await node.prepare(noTrust);
    expect(exitCode).toBe(EXIT.checkFailed);
    expect(result.trustProblems).toHaveLength(3);
    expect(result.trustProblems.join()).toContain((await hashes())['ca.crt']);
    const files = Object.keys(snapshot(node.folder));
    expect(files.filter((file) => file.endsWith('.crt'))).toEqual([]);
  });

  it('hashes of all three CAs pin them', async () => {
    const known = await hashes();
    const node = await newNode();
    const caCertHash = [
      known['ca.crt'] ?? '',
      `etcd-ca=${known['etcd/ca.crt']}`,
      `front-proxy-ca=${known['front-proxy-ca.crt']}`,
    ];
    const { result } = await node.prepare({ ...noTrust, caCertHash });
    expect(result.trustProblems).toEqual([]);
    expect(result.trust.map(({ trustedBy }) => trustedBy)).toEqual(['hash', 'hash', 'hash']);
    const again = await node.prepare(noTrust);
    expect(again.result.trust.map(({ trustedBy }) => trustedBy)).toEqual(Array(3).fill('disk'));
  });

  it('a hash of one CA is none of another', async () => {
    const known = await hashes();
    const node = await newNode();
    const caCertHash = [known['ca.crt'] ?? '', `etcd-ca=${known['ca.crt']}`];
    const { exitCode, result } = await node.prepare({ caCertHash });
    expect(exitCode).toBe(EXIT.checkFailed);
    expect(result.trustProblems.join()).toMatch(/etcd-ca has another public key/);
  });

  it('a wrong hash refuses, even with trust on first use, and nothing is written', async () => {
    const node = await newNode();
    const caCertHash = [`sha256:${'0'.repeat(64)}`];
    const { exitCode, result } = await node.prepare({ caCertHash });
    expect(exitCode).toBe(EXIT.checkFailed);
    expect(result.trustProblems.join()).toMatch(/ca has another public key/);
    expect(existsSync(node.at('pki/ca.crt'))).toBe(false);
    expect(existsSync(node.at('pki/etcd/ca.crt'))).toBe(false);
    expect(existsSync(node.at('pki/apiserver.crt'))).toBe(false);
  });

  it('a wrong hash refuses what was trusted on first use before', async () => {
    const node = await newNode();
    await node.prepareWhole();
    const caCertHash = [`sha256:${'0'.repeat(64)}`];
    const whole = await node.prepare({ caCertHash });
    expect([whole.exitCode, whole.result.next]).toEqual([EXIT.checkFailed, undefined]);
    rmSync(node.at('pki/apiserver.crt'));
    const { exitCode, result } = await node.prepare({ caCertHash });
    expect(exitCode).toBe(EXIT.checkFailed);
    expect(result.trustProblems.join()).toMatch(/ca has another public key/);
    expect(existsSync(node.at('pki/apiserver.crt'))).toBe(false);
  });

  it('a file with the CA certificates pins them, one without them does not', async () => {
    const node = await newNode();
    const file = node.at('trust.pem');
    const texts = await Promise.all(
      BUNDLES.map((p) => service.text('exchange', `trust/fleet/${p}`)),
    );
    writeFileSync(file, texts[0] ?? '');
    const bad = await node.prepare({ ...noTrust, trustBundle: file });
    expect(bad.exitCode).toBe(EXIT.checkFailed);
    expect(bad.result.trustProblems).toHaveLength(2);
    writeFileSync(file, texts.join(''));
    const good = await node.prepare({ ...noTrust, trustBundle: file });
    expect(good.result.trust.map(({ trustedBy }) => trustedBy)).toEqual(
      Array(3).fill('trust-bundle'),
    );
  });

  it('CA certificates on disk are trusted, and others are not put over them', async () => {
    const node = await newNode();
    mkdirSync(node.at('pki'), { recursive: true });
    const ca = (await service.text('exchange', 'trust/fleet/etcd/ca.crt')) ?? '';
    writeFileSync(node.at('pki/ca.crt'), ca);
    const { exitCode, result } = await node.prepare();
    expect(exitCode).toBe(EXIT.checkFailed);
    expect(result.trustProblems.join()).toMatch(/of ca on disk are not those of the service/);
    expect(readFileSync(node.at('pki/ca.crt'), 'utf8')).toBe(ca);
  });
});

it('a certificate that was changed on its way is not written', async () => {
  const node = await newNode();
  const swap = (exchange: ObjectStore): ObjectStore => ({
    ...bound(exchange),
    get: (key, max) =>
      exchange.get(key.replace(/[^/]+\/pki\/etcd\/peer\.crt$/, otherCertificate), max),
  });
  let otherCertificate = (text: string) => text;
  await node.prepare();
  const scheduler = (await service.keys('exchange', `certificates/${node.cluster}/`)).find((key) =>
    key.endsWith('scheduler.conf.crt'),
  );
  otherCertificate = () => scheduler?.split('/').slice(3).join('/') ?? '';
  rmSync(node.at('pki/etcd/peer.crt'));
  const { exitCode, result } = await node.prepare({}, swap);
  expect(exitCode).toBe(EXIT.checkFailed);
  const peer = result.certificates.find(({ name }) => name === 'etcd-peer');
  expect(peer?.state).toBe('check-failed');
  expect(peer?.problems?.join()).toMatch(/another key/);
  expect(existsSync(node.at('pki/etcd/peer.crt'))).toBe(false);
});

const bound = (store: ObjectStore): ObjectStore => ({
  get: (...args) => store.get(...args),
  create: (...args) => store.create(...args),
  put: (...args) => store.put(...args),
  remove: (...args) => store.remove(...args),
  list: (...args) => store.list(...args),
});

it('cut off at any call, it goes on, and nothing is asked twice', async () => {
  const node = await newNode();
  for (let calls = 1; ; calls += 1) {
    let left = calls;
    const spend = () => {
      left -= 1;
      if (left < 0) throw new Error('cut off');
    };
    const cut = (exchange: ObjectStore): ObjectStore => ({
      ...bound(exchange),
      get: (...args) => {
        spend();
        return exchange.get(...args);
      },
      list: (...args) => {
        spend();
        return exchange.list(...args);
      },
      // done, and the answer is lost
      create: async (...args) => {
        const done = await exchange.create(...args);
        spend();
        return done;
      },
    });
    const run = await node.prepare({}, cut).catch((error: Error) => error);
    if (!(run instanceof Error)) break;
    expect(run.message).toBe('cut off');
    expect(calls).toBeLessThan(100);
  }
  await node.approveAll((await node.prepare()).result);
  expect((await node.prepare()).exitCode).toBe(EXIT.done);
  const requests = await service.keys('exchange', `requests/${node.cluster}/`);
  expect(requests).toHaveLength(newest.csrs.length);
});

it.each([
  ['prepare', (node: NewNode) => node.prepare()],
  [
    'prepare with other kubeconfigs and the same certificates',
    (node: NewNode) => node.prepare({ kubeconfigDir: node.at('elsewhere') }),
  ],
  ['renew', (node: NewNode) => renewOn(node, '')],
  [
    'renew with other kubeconfigs and the same certificates',
    (node: NewNode) => renewOn(node, 'elsewhere'),
  ],
])('while it runs, %s on the same node is told so, and changes nothing', async (_, other) => {
  const node = await newNode();
  mkdirSync(node.at('elsewhere'));
  let said: unknown;
  const meanwhile = (exchange: ObjectStore): ObjectStore => ({
    ...bound(exchange),
    create: async (...args) => {
      const before = snapshot(node.folder);
      said ??= await other(node).catch((error: Error) => error);
      expect(snapshot(node.folder)).toEqual(before);
      return exchange.create(...args);
    },
  });
  await node.prepare({}, meanwhile);
  const told = `another run is under way (process ${process.pid})`;
  expect(said).toMatchObject({ message: told });
  expect((await node.prepareWhole()).exitCode).toBe(EXIT.done);
});

/** The command itself: what it prints is the message of an error here. */
async function renewOn(node: NewNode, folder: string): Promise<never> {
  const folders = ['--kubeconfig-dir', node.at(folder), '--cert-dir', node.at('pki')];
  const who = ['--cluster', node.cluster, '--node', node.name];
  const { stderr } = await cakeless({}, 'renew', 'all', ...who, ...folders);
  throw new Error(/another run is under way \(process \d+\)/.exec(stderr)?.[0] ?? stderr);
}

describe('what lies there already', () => {
  it('a half-made set of generate-csr is taken: the same keys, and its CSRs where they fit', async () => {
    const node = await newNode();
    // as generate-csr leaves it: all keys and CSRs, one of another configuration; then half of it is gone
    await node.prepare(noService()).catch(() => undefined);
    for (const path of ['pki/etcd/server.key', 'pki/etcd/server.csr', 'admin.conf.csr'])
      rmSync(node.at(path));
    cpSync(node.at('pki/apiserver-kubelet-client.csr'), node.at('pki/apiserver.csr'));
    const kept = ['pki/apiserver.key', 'pki/etcd/peer.key', 'pki/etcd/peer.csr'];
    const before = kept.map((path) => readFileSync(node.at(path), 'utf8'));
    const { data } = keyOf(node, 'admin.conf');
    const { result } = await node.prepareWhole();
    expect(result.hindrances).toEqual([]);
    expect(kept.map((path) => readFileSync(node.at(path), 'utf8'))).toEqual(before);
    expect(keyOf(node, 'admin.conf').data).toBe(data);
  });

  const keyOf = (node: NewNode, file: string) => ({
    data: parse(readFileSync(node.at(file), 'utf8')).users[0].user['client-key-data'] as string,
  });

  /** Fails at the first call, after keys and CSRs were made. */
  const noService = () => ({ cluster: 'nobody' });

  it.each([
    ['a certificate file that holds none', 'pki/apiserver.crt', 'nothing'],
    ['a key file that holds none', 'pki/etcd/server.key', 'nothing'],
    ['a kubeconfig without a user', 'admin.conf', 'users: []'],
  ])('%s stops it before anything is written', async (_, path, text) => {
    const node = await newNode();
    mkdirSync(dirname(node.at(path)), { recursive: true });
    writeFileSync(node.at(path), text);
    const before = snapshot(node.folder);
    await expect(node.prepare()).rejects.toThrow(node.at(path));
    expect(snapshot(node.folder)).toEqual(before);
  });

  it('links stay, and what they lead to is completed, with its owner', async () => {
    const node = await newNode();
    await node.prepare(noService()).catch(() => undefined); // keys and CSRs
    mkdirSync(node.at('store'));
    const links: [path: string, target: string][] = [
      ['admin.conf', 'store/admin.conf'],
      ['pki', 'store/pki'],
    ];
    for (const [path, target] of links) {
      renameSync(node.at(path), node.at(target));
      symlinkSync(target, node.at(path));
    }
    const isRoot = process.getuid?.() === 0;
    if (isRoot) chownSync(node.at('store/admin.conf'), 4711, 4712);
    const { exitCode } = await node.prepareWhole();
    expect(exitCode).toBe(EXIT.done);
    for (const [path, target] of links) expect(readlinkSync(node.at(path))).toBe(target);
    const { uid, gid, mode } = statSync(node.at('store/admin.conf'));
    expect(mode & 0o777).toBe(0o600);
    if (isRoot) expect([uid, gid]).toEqual([4711, 4712]);
  });

  it.each(['pki/apiserver.crt', 'pki/etcd/server.key', 'admin.conf'])(
    '%s is a link that leads nowhere: nothing is put in its place',
    async (path) => {
      const node = await newNode();
      mkdirSync(dirname(node.at(path)), { recursive: true });
      symlinkSync('nowhere', node.at(path));
      const before = snapshot(node.folder);
      await expect(node.prepare()).rejects.toThrow(
        `${node.at(path)}: is a link to something that is not there`,
      );
      expect([snapshot(node.folder), readlinkSync(node.at(path))]).toEqual([before, 'nowhere']);
    },
  );

  itMounts('pki may be a file system of its own', async () => {
    const node = await newNode();
    mkdirSync(node.at('pki'));
    if (!mountOn(node.at('pki'), 'size=4m')) throw new Error('no mount');
    try {
      expect((await node.prepareWhole()).exitCode).toBe(EXIT.done);
    } finally {
      unmount(node.at('pki'));
    }
  });

  it('the folder may be reached by a link', async () => {
    const node = await newNode();
    const link = `${node.folder}-link`;
    symlinkSync(node.folder, link);
    const folders = { kubeconfigDir: link, certDir: join(link, 'pki') };
    expect((await node.prepareWhole(folders)).exitCode).toBe(EXIT.done);
    expect(existsSync(node.at('pki/apiserver.crt'))).toBe(true);
  });

  it('a certificate of another node is kept, and named as what it is', async () => {
    const [other, node] = [await newNode(), await newNode()];
    await other.prepareWhole();
    mkdirSync(node.at('pki'), { recursive: true });
    for (const end of ['crt', 'key'])
      cpSync(other.at(`pki/front-proxy-client.${end}`), node.at(`pki/apiserver.${end}`));
    const before = readFileSync(node.at('pki/apiserver.crt'), 'utf8');
    const { exitCode, result } = await node.prepareWhole();
    expect(exitCode).toBe(EXIT.checkFailed);
    expect(result.next).toBeUndefined();
    expect(result.hindrances[0]?.file).toBe(node.at('pki/apiserver.crt'));
    expect(readFileSync(node.at('pki/apiserver.crt'), 'utf8')).toBe(before);
  });

  it('a control plane that was made already is no new node', async () => {
    const node = await newNode();
    mkdirSync(node.at('manifests'));
    writeFileSync(node.at('manifests/kube-apiserver.yaml'), '');
    const { exitCode, result } = await node.prepareWhole();
    expect(exitCode).toBe(EXIT.checkFailed);
    expect(result.hindrances[0]?.file).toBe(node.at('manifests/kube-apiserver.yaml'));
  });

  it('a CA key is named', async () => {
    const node = await newNode();
    mkdirSync(node.at('pki'), { recursive: true });
    writeFileSync(node.at('pki/ca.key'), '');
    const { result } = await node.prepareWhole();
    expect(result.hindrances.map(({ file }) => file)).toContain(node.at('pki/ca.key'));
  });
});

it('what was refused is asked again once the record allows it', async () => {
  const node = await newNode();
  await service.declare(newest, node.cluster, {
    nodes: [{ name: 'other', addresses: ['10.9.9.9'], role: 'worker' }],
  });
  const refused = await node.prepare();
  expect(refused.exitCode).toBe(EXIT.rejected);
  expect(refused.text).toMatch(/node-unknown/);
  await service.declare(newest, node.cluster);
  expect((await node.prepareWhole()).exitCode).toBe(EXIT.done);
});

describe('nodes that join', () => {
  const join2 = (role: string) => `apiVersion: kubeadm.k8s.io/v1beta4
kind: JoinConfiguration
nodeRegistration: { name: cp-1.prod.example.com }
discovery: { bootstrapToken: { apiServerEndpoint: "api.prod.example.com:6443", token: abcdef.0123456789abcdef } }
${role}---
${(newest.configYaml ?? '').split('---\n')[1] ?? ''}`;
  const controlPlane = 'controlPlane: { localAPIEndpoint: { advertiseAddress: 10.20.0.11 } }\n';

  it('a further control plane needs sa.key of the first, and gets no super-admin.conf', async () => {
    const first = await newNode();
    await first.prepareWhole();
    const node = await newNode(newest, join2(controlPlane));
    const without = await node.prepareWhole();
    expect(without.exitCode).toBe(EXIT.checkFailed);
    expect(without.result.hindrances.map(({ file }) => file)).toEqual([
      node.at('pki/sa.key'),
      node.at('pki/sa.pub'),
    ]);
    const { exitCode, result } = await node.prepare({ saKeyFrom: first.at('pki/sa.key') });
    expect(exitCode).toBe(EXIT.done);
    expect(result.next).toMatch(
      /^kubeadm join --config \S+ --ignore-preflight-errors=FileAvailable-\S+-kubelet\.conf$/,
    );
    for (const name of ['sa.key', 'sa.pub'])
      expect(readFileSync(node.at('pki', name), 'utf8')).toBe(
        readFileSync(first.at('pki', name), 'utf8'),
      );
    expect(existsSync(node.at('super-admin.conf'))).toBe(false);
    await expect(node.prepare({ saKeyFrom: node.at('pki/apiserver.key') })).rejects.toThrow(
      /is another key than/,
    );
  });

  it('a worker gets kubelet.conf and ca.crt, and nothing else', async () => {
    const node = await newNode(newest, join2(''));
    const { exitCode, result } = await node.prepare();
    expect(exitCode).toBe(EXIT.done);
    expect(result.next).toMatch(/FileAvailable-\S+-kubelet\.conf,FileAvailable-\S+pki-ca\.crt$/);
    const files = Object.keys(snapshot(node.folder)).map((f) => f.slice(node.folder.length + 1));
    expect(files).toEqual(['config.yaml', 'kubelet.conf', 'kubelet.conf.csr', 'pki/ca.crt']);
    const { server } = present(node, 'kubelet.conf').kubeconfig ?? {};
    expect(server).toBe('https://api.prod.example.com:6443');
  });

  it('caCertHashes of the JoinConfiguration pin ca', async () => {
    const yaml = join2('').replace(
      'token: abc',
      `caCertHashes: ["sha256:${'1'.repeat(64)}"], token: abc`,
    );
    const node = await newNode(newest, yaml);
    const { exitCode, result } = await node.prepare();
    expect(exitCode).toBe(EXIT.checkFailed);
    expect(result.trustProblems.join()).toMatch(/another public key/);
  });
});

it('with an external etcd there is nothing of etcd, and its files are looked for', async () => {
  const yaml = (newest.configYaml ?? '').replace(
    /^etcd:\n(?: .*\n)+/m,
    'etcd: { external: { endpoints: ["https://e:2379"], caFile: /no/ca, certFile: /no/crt, keyFile: /no/key } }\n',
  );
  const node = await newNode(newest, yaml);
  const { result } = await node.prepareWhole();
  expect(existsSync(node.at('pki/etcd'))).toBe(false);
  expect(existsSync(node.at('pki/apiserver-etcd-client.crt'))).toBe(false);
  expect(result.hindrances.map(({ file }) => file)).toEqual(['/no/ca', '/no/crt', '/no/key']);
});

it('a dry run writes and sends nothing', async () => {
  const node = await newNode();
  const before = snapshot(node.folder);
  const { exitCode, text } = await node.prepare({ dryRun: true, output: 'text' });
  expect(exitCode).toBe(EXIT.done);
  expect(text).toMatch(/apiserver +would be asked for +CN=kube-apiserver +ECDSA-P256/);
  expect(snapshot(node.folder)).toEqual(before);
  expect(await service.keys('exchange', `requests/${node.cluster}/`)).toEqual([]);
});

it('says in words whom to ask and what to run', async () => {
  const node = await newNode();
  const { text } = await node.prepare({ output: 'text' });
  expect(text).toMatch(
    new RegExp(
      `an approver has to run: cakeless approve ${node.cluster}/\\S+/super-admin.conf.csr`,
    ),
  );
  expect(text).toMatch(/kubeadm would fail: \S+super-admin.conf: /);
});

it('only CSRs ever leave the node', async () => {
  const node = await newNode();
  const sent: string[] = [];
  const listen = (exchange: ObjectStore): ObjectStore => ({
    ...bound(exchange),
    create: (key, body, ...rest) => {
      sent.push(Buffer.from(body).toString());
      return exchange.create(key, body, ...rest);
    },
    put: () => Promise.reject(new Error('a node replaces nothing')),
  });
  await node.prepare({}, listen);
  expect(sent).toHaveLength(newest.csrs.length);
  for (const text of sent)
    expect(text).toMatch(
      /^-----BEGIN CERTIFICATE REQUEST-----\n[^-]+-----END CERTIFICATE REQUEST-----\n$/,
    );
});

it('a kubeconfig that is half-made has neither CA nor certificate, as that of generate-csr', () => {
  const text = kubeconfigText({ server: 's', clusterName: 'c', userName: 'u', privateKey: 'k' });
  expect(text).not.toMatch(/certificate/);
});
