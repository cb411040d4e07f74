/** The forwarder and a real API server: that its writes are accepted, and what `kubectl describe csr` shows. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../client/clock.ts';
import type { ApiCsr } from '../../../client/csrsigning/csr-facts.ts';
import { CSRSIGNING_USER, rbacYaml } from '../../../client/csrsigning/rbac.ts';
import { buildForwarder } from '../../../client/csrsigning/run-forwarder.ts';
import type { KubeClient } from '../../../client/kubernetes/kube-client.ts';
import { openKubeClient } from '../../../client/kubernetes/open-kube-client.ts';
import { outcomeKeys, parseRequestKey } from '../../../lib/contract/request-key.ts';
import { WHOLE_RELEASE } from '../../e2e/harness/programs.ts';
import { MemoryStore } from '../../support/memory-store.ts';
import { RealApiServer, whyNoApiServer } from '../../support/real-api-server.ts';
import { untilTrue } from '../../support/until.ts';
import { applyObjects } from './apply-objects.ts';
import { CLIENT_SIGNER, csrPem, SERVING_SIGNER, TestCa, USER_SIGNER } from './certificates.ts';

const CSRS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const EVENTS = '/api/v1/namespaces/default/events';

const why = whyNoApiServer(WHOLE_RELEASE);
const folder = mkdtempSync(join(tmpdir(), 'csrsigning-real-'));
const server = new RealApiServer(folder, WHOLE_RELEASE);
const exchange = new MemoryStore();
const stop = new AbortController();
const log: string[] = [];
const rejected = new Set<string>();
let admin: KubeClient;
let running: Promise<unknown>;

const suite = why === undefined ? describe : describe.skip;

suite(`a real API server${why === undefined ? '' : ` (${why})`}`, () => {
  beforeAll(async () => {
    await server.start();
    admin = openKubeClient({ kubeconfig: server.kubeconfig() });
    // with the permissions that are shipped, and no others
    await applyObjects(admin, rbacYaml());
    const kubeconfig = server.kubeconfigOf(CSRSIGNING_USER);
    const ca = await TestCa.make('kubernetes');
    exchange.now = () => new Date();
    exchange.interrupt = (point, key) => {
      if (point === 'after create') void decide(ca, key);
    };
    // three, as on three control planes
    running = Promise.all(
      ['cp-1', 'cp-2', 'cp-3'].map((replica) =>
        buildForwarder({
          cluster: 'prod',
          ownNode: undefined,
          replica,
          client: openKubeClient({ kubeconfig }, { signal: stop.signal }),
          exchange,
          trust: () => ({ pem: ca.pem }),
          log: (level, message) => void log.push(`${replica} ${level} ${message}`),
          clock: systemClock,
        }).run(stop.signal),
      ),
    );
  });
  afterAll(async () => {
    stop.abort();
    await running;
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  it.each([
    ['client', CLIENT_SIGNER, ['digital signature', 'client auth'], []],
    [
      'serving',
      SERVING_SIGNER,
      ['digital signature', 'server auth'],
      [
        { type: 'DNS', value: 'w-1' },
        { type: 'IP', value: '10.20.0.21' },
      ],
    ],
    ['person', USER_SIGNER, ['client auth'], []],
  ] as const)('takes the certificate of a %s, once', async (name, signerName, usages, names) => {
    await createCsr(name, signerName, usages, names);
    if (signerName !== SERVING_SIGNER) await approve(name);
    const isIssued = async () => (await read(name)).status?.certificate !== undefined;
    await untilTrue(`${name} is issued`, isIssued);
    expect((await read(name)).status?.conditions).toMatchObject([{ type: 'Approved' }]);
    expect(requests().filter((key) => key.includes(uids.get(name) ?? ''))).toHaveLength(1);
    const hasEvent = async () => (await eventsOf(name)).length > 0;
    await untilTrue(`${name} has an Event`, hasEvent);
    expect(await eventsOf(name)).toMatchObject([{ reason: 'CertificateIssued', count: 1 }]);
  });

  it('takes the reasons of a rejection, as an annotation and one Event', async () => {
    rejected.add('w-9');
    await createCsr('unknown', CLIENT_SIGNER, ['digital signature', 'client auth'], [], 'w-9');
    await approve('unknown');
    const hasEvent = async () => (await eventsOf('unknown')).length > 0;
    await untilTrue('the Event', hasEvent);
    expect(await eventsOf('unknown')).toMatchObject([
      {
        type: 'Warning',
        reason: 'CertificateRefused',
        message: expect.stringMatching(/^kubelet-client: node-unknown: /),
      },
    ]);
    const { metadata, status } = await read('unknown');
    expect(metadata?.annotations?.['cakeless.io/refused']).toMatch(/^kubelet-client: node-unknown/);
    expect(status?.conditions).toHaveLength(1);
  });

  it("becomes Failed for a person's CSR that can never be issued", async () => {
    rejected.add('nobody');
    await createCsr('never', USER_SIGNER, ['client auth'], [], 'nobody');
    await approve('never');
    const hasFailed = async () =>
      (await read('never')).status?.conditions?.some(({ type }) => type === 'Failed') ?? false;
    await untilTrue('Failed', hasFailed);
  });

  it('no write was refused', () => {
    expect(log.filter((line) => /error|could not/.test(line))).toEqual([]);
  });
});

const requests = () => [...exchange.objects.keys()].filter((key) => key.startsWith('requests/'));

async function decide(ca: TestCa, key: string): Promise<void> {
  const address = parseRequestKey(key);
  const { spec } = exchange.json(key) as ApiCsr;
  if (!address) throw new Error(key);
  const csr = Buffer.from(spec?.request ?? '', 'base64').toString();
  const [name] = [...rejected].filter((one) => one === commonNames.get(csr));
  const code = name === 'nobody' ? 'subject-attribute' : 'node-unknown';
  const violation = { code, field: 'subject', got: `${name}`, allowed: 'others', fix: 'none' };
  const keys = outcomeKeys(address);
  if (name !== undefined)
    exchange.seed(
      keys.rejected,
      JSON.stringify({ request: key, decidedAt: '', violations: [violation], tryAgain: '' }),
    );
  else {
    const usages = [spec?.signerName === SERVING_SIGNER ? 'serverAuth' : 'clientAuth'] as const;
    exchange.seed(keys.certificate, await ca.issue(csr, { usages }));
  }
}

const uids = new Map<string, string>();
/** By CSR. */
const commonNames = new Map<string, string>();

async function createCsr(
  name: string,
  signerName: string,
  usages: readonly string[],
  names: Parameters<typeof csrPem>[0]['names'] & object,
  subject = 'w-1',
): Promise<void> {
  const isPerson = signerName === USER_SIGNER;
  const commonName = isPerson ? subject : `system:node:${subject}`;
  const organizations = isPerson ? ['developers'] : ['system:nodes'];
  const pem = csrPem({ commonName, organizations, names });
  commonNames.set(pem, subject);
  const request = Buffer.from(pem).toString('base64');
  const { metadata } = await admin.create<ApiCsr>(CSRS, {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name },
    spec: { request, signerName, usages },
  });
  uids.set(name, metadata?.uid ?? '');
}

async function approve(name: string): Promise<void> {
  const condition = { type: 'Approved', status: 'True', reason: 'Test', message: 'by the test' };
  await admin.patch(`${CSRS}/${name}/approval`, { status: { conditions: [condition] } });
}

async function read(name: string): Promise<ApiCsr> {
  const csr = await admin.get<ApiCsr>(`${CSRS}/${name}`);
  if (!csr) throw new Error(`no CSR ${name}`);
  return csr;
}

interface ApiEvent {
  readonly involvedObject: { readonly uid: string };
  readonly reason: string;
}

async function eventsOf(name: string): Promise<ApiEvent[]> {
  const found: ApiEvent[] = [];
  for await (const { items } of admin.list<ApiEvent>(EVENTS)) found.push(...items);
  return found.filter(({ involvedObject }) => involvedObject.uid === uids.get(name));
}
