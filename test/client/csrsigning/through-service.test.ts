/**
 * Forwarders and the service's own code, which judges, records and signs: what the cluster record allows is what the API
 * server gets, exactly once.
 */
import { X509Certificate } from 'node:crypto';
import { certificatesIn, certificateToPem } from '../../../lib/certificate/pem.ts';
import type { ClusterRecordDocument } from '../../../lib/contract/cluster-record.ts';
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import { CorporateRoot } from '../../support/corporate-root.ts';
import { InMemoryService, TRUST_DOMAIN } from '../../support/in-memory-service.ts';
import { importAllSubordinates } from '../../support/subordinate-cas.ts';
import type { NewCsr } from './api-server.ts';
import { CLIENT_SIGNER, csrPem, SERVING_SIGNER, USER_SIGNER } from './certificates.ts';
import { Mortal } from './mortal.ts';
import { START, type StartOptions, World } from './world.ts';

type DeclaredNode = NonNullable<ClusterRecordDocument['nodes']>[number];

const W_1: DeclaredNode = { name: 'w-1', addresses: ['10.20.0.21'], role: 'worker' };
const CP_1: DeclaredNode = { name: 'cp-1', addresses: ['10.20.0.11'], role: 'control-plane' };

const RECORD: ClusterRecordDocument = {
  cluster: 'prod',
  trustDomain: 'fleet',
  kubernetesVersion: 'v1.37.2',
  controlPlaneEndpoint: 'api.prod.example.com:6443',
  networking: { serviceSubnet: '10.96.0.0/12' },
  nodes: [CP_1, W_1],
  csrSigning: { kubeletClient: {}, kubeletServing: {}, kubeAPIServerClient: {} },
  users: { organizations: ['developers'], maxValidityPeriod: '24h', approvalRequired: false },
};

interface Fleet {
  readonly memory: InMemoryService;
  readonly world: World;
  readonly options: StartOptions;
}

async function newFleet(
  record: Partial<ClusterRecordDocument> = {},
  opened?: InMemoryService,
): Promise<Fleet> {
  const memory = opened ?? (await InMemoryService.open());
  declare(memory, record);
  const world = new World(memory.exchange);
  world.service = async (key) => {
    memory.now = world.time.clock.now();
    await memory.process(key);
  };
  world.api.addNode('cp-1', { isControlPlane: true, addresses: ['10.20.0.11'] });
  world.api.addNode('w-1');
  const pem = (ca: CaName) => ({ pem: memory.caCertificate(ca) });
  const trust: StartOptions['trust'] = (name) =>
    pem(name === 'kubelet-serving' ? 'kubelet-ca' : 'ca');
  return { memory, world, options: { trust } };
}

const declare = (memory: InMemoryService, record: Partial<ClusterRecordDocument> = {}) =>
  memory.authority.seed('clusters/prod.json', JSON.stringify({ ...RECORD, ...record }));

const byNode = (node: string) => ({ username: `system:node:${node}`, groups: ['system:nodes'] });
const BOOTSTRAP = { username: 'system:bootstrap:abcdef', groups: ['system:bootstrappers'] };

const clientCsr = (node: string, more: Partial<NewCsr> = {}): NewCsr => ({
  name: `client-${node}`,
  signerName: CLIENT_SIGNER,
  usages: ['digital signature', 'client auth'],
  request: csrPem({ commonName: `system:node:${node}` }),
  isApproved: true,
  ...byNode(node),
  ...more,
});

const servingCsr = (node: string, address: string, more: Partial<NewCsr> = {}): NewCsr => ({
  ...clientCsr(node),
  name: `serving-${node}`,
  signerName: SERVING_SIGNER,
  usages: ['digital signature', 'server auth'],
  request: csrPem({
    commonName: `system:node:${node}`,
    names: [
      { type: 'DNS', value: node },
      { type: 'IP', value: address },
    ],
  }),
  isApproved: false,
  ...more,
});

const userCsr: NewCsr = {
  name: 'jane',
  signerName: USER_SIGNER,
  usages: ['client auth'],
  request: csrPem({ commonName: 'jane', organizations: ['developers'] }),
  username: 'kubernetes-admin',
  groups: ['system:masters'],
  expirationSeconds: 3600,
  isApproved: true,
};

const certificateOf = ({ world }: Fleet, name: string) => {
  const pem = world.api.certificate(name);
  return pem === undefined ? undefined : new X509Certificate(pem);
};

const whyNot = ({ world }: Fleet, name: string) =>
  world.api.csr(name)?.metadata.annotations?.['cakeless.io/refused'] ?? '';

it.each<[title: string, csr: NewCsr, subject: string, names: string | undefined]>([
  ['a kubelet that renews', clientCsr('w-1'), 'O=system:nodes\nCN=system:node:w-1', undefined],
  [
    'a kubelet that joins with a bootstrap token',
    clientCsr('w-1', BOOTSTRAP),
    'O=system:nodes\nCN=system:node:w-1',
    undefined,
  ],
  [
    'a kubelet that serves',
    servingCsr('w-1', '10.20.0.21'),
    'O=system:nodes\nCN=system:node:w-1',
    'DNS:w-1, IP Address:10.20.0.21',
  ],
  ['a person', userCsr, 'O=developers\nCN=jane', undefined],
])('%s gets a certificate', async (_, csr, subject, names) => {
  const fleet = await newFleet();
  fleet.world.start(fleet.options);
  fleet.world.api.createCsr(csr);
  await fleet.world.advance(10);
  expect(whyNot(fleet, csr.name)).toBe('');
  expect(certificateOf(fleet, csr.name)).toMatchObject({ subject, subjectAltName: names });
});

it('certificates of CAs below a corporate root come with the CAs between it and the root', async () => {
  const corporate = new CorporateRoot();
  const memory = await InMemoryService.openAdopted(START, (service, keys) =>
    importAllSubordinates(service, keys, TRUST_DOMAIN, corporate),
  );
  const fleet = await newFleet({}, memory);
  fleet.world.start(fleet.options);
  for (const csr of [clientCsr('w-1'), servingCsr('w-1', '10.20.0.21')])
    fleet.world.api.createCsr(csr);
  await fleet.world.advance(10);
  for (const [name, ca] of [
    ['client-w-1', 'ca'],
    ['serving-w-1', 'kubelet-ca'],
  ] as const) {
    const [leaf, ...others] = certificatesIn(fleet.world.api.certificate(name) ?? '');
    expect(new X509Certificate(leaf ?? '').subject).toBe('O=system:nodes\nCN=system:node:w-1');
    const wanted = [memory.caCertificate(ca), certificateToPem(corporate.issuing)];
    const raw = (pem: string) => new X509Certificate(pem).fingerprint256;
    expect(others.map(raw)).toEqual(wanted.map(raw));
  }
});

it("a control plane's kubelet gets both certificates from its own forwarder", async () => {
  const fleet = await newFleet();
  fleet.world.start({ ...fleet.options, ownNode: 'cp-1' });
  fleet.world.api.createCsr(clientCsr('cp-1'));
  fleet.world.api.createCsr(servingCsr('cp-1', '10.20.0.11'));
  await fleet.world.advance(10);
  for (const name of ['client-cp-1', 'serving-cp-1'])
    expect(certificateOf(fleet, name)?.subject).toBe('O=system:nodes\nCN=system:node:cp-1');
});

it.each<[title: string, csr: NewCsr, code: RegExp]>([
  [
    'a stolen bootstrap token that asks for a control plane',
    clientCsr('cp-1', BOOTSTRAP),
    /csr-place/,
  ],
  ['a node that no record lists', clientCsr('w-9', BOOTSTRAP), /node-unknown/],
  ['a node that asks for the address of the API server', servingCsr('w-1', '10.96.0.1'), /san-/],
  ['a node that asks for the address of another node', servingCsr('w-1', '10.20.0.11'), /san-/],
  [
    'a person that asks for system:masters',
    { ...userCsr, request: csrPem({ commonName: 'jane', organizations: ['system:masters'] }) },
    /organization/,
  ],
])('%s gets none, and the reason', async (_, csr, code) => {
  const fleet = await newFleet();
  fleet.world.start({ ...fleet.options, ownNode: 'cp-1' });
  fleet.world.api.createCsr(csr);
  await fleet.world.advance(20);
  expect(certificateOf(fleet, csr.name)).toBeUndefined();
  expect(whyNot(fleet, csr.name)).toMatch(code);
});

it('an unknown worker joins without a change on it once the record lists it, with one certificate', async () => {
  const fleet = await newFleet({ nodes: [CP_1] });
  const { memory, world, options } = fleet;
  world.start(options);
  world.api.createCsr(clientCsr('w-1', BOOTSTRAP));
  await world.advance(4 * 60);
  expect(whyNot(fleet, 'client-w-1')).toMatch(/node-unknown/);
  declare(memory);
  await world.advance(5 * 60);
  expect(certificateOf(fleet, 'client-w-1')).toBeDefined();
  await world.advance(3600);
  expect(issuedBy(memory)).toHaveLength(1);
});

const issuedBy = ({ authority }: InMemoryService) =>
  [...authority.objects.keys()].filter((key) => /^records\/.*\.crt$/.test(key));

/** @returns whether one of them was killed */
async function runKilled(points: number): Promise<boolean> {
  const fleet = await newFleet({ nodes: [CP_1] });
  const { memory, world, options } = fleet;
  const forwarders = ['cp-1', 'cp-2', 'cp-3'].map(
    (replica) => new Mortal(world, { ...options, replica }, points),
  );
  const csrs = [clientCsr('w-1', BOOTSTRAP), servingCsr('w-1', '10.20.0.21')];
  for (const csr of csrs) world.api.createCsr(csr);
  for (let second = 0; second < 150; second += 5) {
    await world.advance(5);
    if (second === 30) declare(memory); // the first attempts were rejected
    for (const forwarder of forwarders) await forwarder.revive();
  }
  for (const { name } of csrs) expect(certificateOf(fleet, name)?.ca).toBe(false);
  expect(issuedBy(memory)).toHaveLength(2);
  for (const forwarder of forwarders) await forwarder.stop();
  return forwarders.some((one) => one.wasKilled);
}

/** `killed.slow.test.ts` has each call. */
const EVERY = 7;

it('three forwarders that are killed lead to one serial number and one certificate', async () => {
  for (let points = 0; await runKilled(points); points += EVERY) expect(points).toBeLessThan(200);
});
