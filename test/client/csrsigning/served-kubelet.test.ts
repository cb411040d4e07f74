/** What shows that a kubelet has received a certificate of the service: the bucket and the API server must agree. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ApiCsr } from '../../../client/csrsigning/csr-facts.ts';
import { forwarderPort } from '../../../client/csrsigning/served-kubelet.ts';
import {
  type KubeClient,
  KubeError,
  KubeUnreachable,
} from '../../../client/kubernetes/kube-client.ts';
import { MemoryStore } from '../../support/memory-store.ts';
import { OpensslNode } from '../../support/openssl-node.ts';

const root = mkdtempSync(join(tmpdir(), 'cakeless-served-'));
const SIGNER = 'kubernetes.io/kube-apiserver-client-kubelet';
const node = new OpensslNode(root);
const kubelet = (path: string, name: string) => ({
  ...{ path, ca: 'ca' as const, usages: 'clientAuth' },
  subject: `/O=system:nodes/CN=system:node:${name}`,
});

beforeAll(() => {
  node.makeCa('ca', 'kubernetes');
  node.makeLeaf(kubelet('kubelet.conf', 'cp-1'));
  node.makeLeaf(kubelet('w-1', 'w-1'));
  node.makeLeaf(kubelet('other', 'w-1'));
});
afterAll(() => rmSync(root, { recursive: true }));

const pem = (name: string) => readFileSync(join(root, `${name}.crt`), 'utf8');
let exchange: MemoryStore;
let csrs: ApiCsr[];
/** What the cluster does with a CSR that is created, at the second look. */
let onCreated: (csr: ApiCsr, uid: string) => Promise<ApiCsr>;
beforeEach(() => {
  exchange = new MemoryStore();
  csrs = [];
  onCreated = async (csr) => csr;
});

const csrOf = (uid: string, certificate?: string, signerName = SIGNER): ApiCsr => ({
  metadata: { name: `csr-${uid}`, uid, creationTimestamp: '2026-11-27T00:00:00Z' },
  spec: { request: '', signerName, username: 'system:bootstrap:x', groups: [] },
  status: certificate ? { certificate: Buffer.from(certificate).toString('base64') } : {},
});
const outcome = (below: string, text: string) =>
  exchange.put(`certificates/prod/${below}/kubelet-client.crt`, text);

function port(late?: (signal?: AbortSignal) => Promise<never>) {
  let created: ApiCsr | undefined;
  let looks = 0;
  let given: AbortSignal | undefined;
  const client = {
    list: async function* () {
      if (late) await late(given);
      yield { items: csrs, resourceVersion: '1' };
    },
    create: async (_: string, body: ApiCsr) => {
      if (late) await late(given);
      const metadata = { ...body.metadata, name: 'proof', uid: 'uid-proof' };
      const byNode = { username: 'system:node:cp-1', groups: ['system:nodes'] };
      created = { metadata, spec: { ...body.spec, ...byNode } };
      return created;
    },
    get: async () => {
      looks += 1;
      if (looks > 1 && created) created = await onCreated(created, 'uid-proof');
      return created;
    },
  } as unknown as KubeClient;
  let ms = 0;
  return forwarderPort({
    cluster: 'prod',
    node: 'cp-1',
    folders: { kubeconfigDir: root, certDir: join(root, 'pki') },
    kubelet: (signal) => {
      given = signal;
      return client;
    },
    deadline: (milliseconds) => AbortSignal.abort(`after ${milliseconds / 1000}s`),
    forwarder: () => client,
    exchange: async () => exchange,
    clock: {
      now: () => new Date(0),
      monotonic: () => ms,
      sleep: async (by) => {
        ms += by;
      },
    },
    waitSeconds: 10,
  });
}

const cases: [sentence: string, make: () => Promise<void>, found: RegExp | undefined][] = [
  [
    'a CSR of the API server with the certificate that is in the bucket',
    async () => {
      csrs = [csrOf('a', pem('w-1'))];
      await outcome('csr/a', pem('w-1'));
    },
    /issued the certificate of CSR csr-a$/,
  ],
  [
    'of a later attempt',
    async () => {
      csrs = [csrOf('a', pem('w-1'))];
      await outcome('csr/a.2', pem('w-1'));
    },
    /issued the certificate of CSR csr-a$/,
  ],
  [
    'a CSR that a forwarder served long ago, and that nobody cleaned up: no',
    async () => {
      csrs = [csrOf('a', pem('w-1'))];
      exchange.now = () => new Date(-2 * 3600_000);
      await outcome('csr/a', pem('w-1'));
    },
    undefined,
  ],
  [
    'a CSR that kube-controller-manager signed first, although the service has issued, too: no',
    async () => {
      csrs = [csrOf('a', pem('other'))];
      await outcome('csr/a', pem('w-1'));
    },
    undefined,
  ],
  [
    'a certificate that was issued and not delivered: no',
    async () => {
      csrs = [csrOf('a')];
      await outcome('csr/a', pem('w-1'));
    },
    undefined,
  ],
  [
    "a person's CSR: no",
    async () => {
      csrs = [csrOf('a', pem('w-1'), 'kubernetes.io/kube-apiserver-client')];
      await outcome('csr/a', pem('w-1'));
    },
    undefined,
  ],
  [
    "a kubelet's serving certificate, which does not show that client certificates are renewed: no",
    async () => {
      csrs = [csrOf('a', pem('w-1'), 'kubernetes.io/kubelet-serving')];
      await exchange.put('certificates/prod/csr/a/kubelet-serving.crt', pem('w-1'));
    },
    undefined,
  ],
];

it.each(cases)('%s', async (_, make, found) => {
  await make();
  const served = await port().findServed();
  if (found) expect(served).toMatch(found);
  else expect(served).toBeUndefined();
});

it.each<[string, at: number, found: RegExp | undefined]>([
  [
    'lately is evidence after its CSR was deleted',
    0,
    /the kubelet of this node uses a certificate from the service/,
  ],
  ['within the hour is evidence, too', -59 * 60_000, /uses a certificate from the service/],
  ['before that is not: its forwarder may be gone since', -61 * 60_000, undefined],
  ['in the future, by the clock of this node, is not', 2 * 3600_000, undefined],
])('what the kubelet of this node got %s', async (_, at, found) => {
  exchange.now = () => new Date(at);
  const text = readFileSync(join(root, 'kubelet.conf'), 'utf8');
  const [, data = ''] = /client-certificate-data: "?([^"\s]+)/.exec(text) ?? [];
  await outcome('cp-1/uid', Buffer.from(data, 'base64').toString());
  const served = await port().findServed();
  if (found) expect(served).toMatch(found);
  else expect(served).toBeUndefined();
});

const issue =
  (name: string): typeof onCreated =>
  async (csr, uid) => {
    await outcome(`cp-1/${uid}`, pem('w-1'));
    return { ...csr, status: { certificate: Buffer.from(pem(name)).toString('base64') } };
  };
const conditions =
  (type: string): typeof onCreated =>
  async (csr) => ({
    ...csr,
    status: { conditions: [{ type, status: 'True' }] },
  });

it.each<[string, () => typeof onCreated, object]>([
  ['served', () => issue('w-1'), { state: 'served' }],
  ['signed by kube-controller-manager', () => issue('other'), { state: 'signed-by-another' }],
  [
    'approved only',
    () => conditions('Approved'),
    {
      state: 'not-served',
      why: expect.stringContaining('approved, but got no certificate (waited 10 seconds)'),
    },
  ],
  ['denied', () => conditions('Denied'), { state: 'not-served', why: 'CSR proof was denied' }],
  [
    'left alone',
    () => async (csr) => csr,
    { state: 'not-served', why: expect.stringContaining('not even approved') },
  ],
])('a proof that is %s', async (_, then, proof) => {
  onCreated = then();
  expect(await port().prove(() => {})).toMatchObject(proof);
});

it.each<[string, Error, object]>([
  ['for a moment', new KubeUnreachable('connection reset'), { state: 'served' }],
  ['and throttles', new KubeError(429, 'TooManyRequests', 'slow down'), { state: 'served' }],
])('a proof while the API server is away %s', async (_, error, proof) => {
  const then = issue('w-1');
  let failures = 3;
  onCreated = async (csr, uid) => {
    failures -= 1;
    if (failures >= 0) throw error;
    return then(csr, uid);
  };
  expect(await port().prove(() => {})).toMatchObject(proof);
});

it('a proof whose result cannot be read in time says why', async () => {
  onCreated = async () => {
    throw new KubeUnreachable('connection reset');
  };
  expect(await port().prove(() => {})).toEqual({
    state: 'not-served',
    why: 'what became of CSR proof could not be read: connection reset (waited 10 seconds)',
  });
});

it('a proof whose result may not be read is not waited for', async () => {
  onCreated = async () => {
    throw new KubeError(403, 'Forbidden', 'may not get CSRs');
  };
  await expect(port().prove(() => {})).rejects.toThrow('may not get CSRs');
});

it('without the kubeconfig of a forwarder the node has no forwarder', async () => {
  expect(await port().findObstacles()).toEqual([
    expect.stringContaining('cakeless-csrsigning.conf does not exist'),
  ]);
  writeFileSync(join(root, 'cakeless-csrsigning.conf'), '');
  const found = await port().findObstacles();
  expect(found).toEqual([expect.stringMatching(/^the forwarder cannot work: permissions/)]);
});

describe('an API server that is too slow', () => {
  const late = async (signal?: AbortSignal): Promise<never> => {
    throw new KubeUnreachable(String(signal?.reason));
  };
  const problem = {
    code: 'failure',
    message: 'it is unknown whether a forwarder serves kubelets: after 30s',
    hint: expect.stringMatching(/kubelet\.conf .*--without-forwarder/),
  };
  it('ends a search, whose calls have one deadline', () =>
    expect(port(late).findServed()).rejects.toMatchObject(problem));
  it('ends a proof', () => expect(port(late).prove(() => {})).rejects.toMatchObject(problem));
});
