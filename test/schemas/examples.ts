/** Valid documents of every kind: those that the documentation shows, and those that the service writes. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { keepBudgetHolder } from '../../lib/budget/holder.ts';
import { importCertificates } from '../../lib/ca/import-certificate.ts';
import { renewCa } from '../../lib/ca/renew-ca.ts';
import { requestCertificates } from '../../lib/ca/request-certificate.ts';
import { certificateToPem } from '../../lib/certificate/pem.ts';
import { csrClaimKey } from '../../lib/contract/csr-claim.ts';
import { requestKey } from '../../lib/contract/request-key.ts';
import { CSR } from '../../lib/contract/request-kinds.ts';
import { CorporateRoot } from '../support/corporate-root.ts';
import { InMemoryService, START } from '../support/in-memory-service.ts';
import { kubeadmSet } from '../support/kubeadm-sets.ts';
import type { MemoryStore } from '../support/memory-store.ts';
import { rotatingWorld } from '../support/rotating-world.ts';
import { parseKeyOf } from './parse-key.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

export interface Example {
  readonly name: string;
  readonly from: string;
  readonly document: unknown;
}

/** The blocks of a page in a language, in order. */
export function blocksOf(page: string, language: string): string[] {
  const blocks = readFileSync(page, 'utf8').matchAll(/^```(\w+)\n(.*?)^```/gms);
  return [...blocks].flatMap(([, found, text = '']) => (found === language ? [text] : []));
}

/** In the order of the page. */
const IN_S3_CONTRACT = [
  'csr-object',
  'rejection',
  'pending',
  'restart-lease',
  'node-report',
  'cluster-report',
  'decision-record',
  'request-approval',
  'standing-approval',
];

export function documentedExamples(): Example[] {
  const json = (page: string) => blocksOf(page, 'json').map((text) => JSON.parse(text) as unknown);
  const contract = json('docs/s3-contract.md');
  if (contract.length !== IN_S3_CONTRACT.length)
    throw new Error('the list of documents here is not that of docs/s3-contract.md');
  const page = (name: string, from: string, document: unknown) => ({ name, from, document });
  return [
    page('cluster-record', 'docs/cluster-record.md', json('docs/cluster-record.md')[0]),
    ...IN_S3_CONTRACT.map((name, i) => page(name, 'docs/s3-contract.md', contract[i])),
    page(
      'cakeless-yaml',
      'docs/node-guide.md',
      parse(blocksOf('docs/node-guide.md', 'yaml')[0] ?? ''),
    ),
    page('deployment', 'docs/operators-guide.md', json('docs/operators-guide.md')[0]),
    page(
      'deployment',
      'infra/examples/fleet.config.json',
      JSON.parse(readFileSync('infra/examples/fleet.config.json', 'utf8')),
    ),
  ];
}

/** What is in both buckets after a trust domain was created and two requests of a control plane were processed. */
export async function writtenExamples(): Promise<Example[]> {
  const memory = await InMemoryService.openWithCaRecords();
  const csr = { cluster: 'prod', node: CSR, requestId: 'u-1' };
  for (const [path, holder] of [
    ['kubelet-client.json', 'w-1'],
    ['kubelet-serving.json', CSR],
  ] as const)
    await keepBudgetHolder(memory.authority, { ...csr, path }, '2026-11-24', holder);
  for (const requestId of ['u-1', 'u-2']) {
    const request = requestKey({ ...csr, requestId, path: 'kubelet-client.json' });
    memory.authority.seed(
      csrClaimKey('prod', requestId, 'a'.repeat(64)),
      JSON.stringify({ request }),
    );
  }
  const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
  const { node } = memory.declare(set);
  for (const csr of set.csrs.filter(({ path }) =>
    /^(?:super-admin.conf|pki\/apiserver).csr$/.test(path),
  ))
    await memory.process(memory.upload(node, csr));
  await importSubordinate(memory);
  memory.now = new Date(START.getTime() + DAY_MS);
  await renewCa(memory.service, { action: 'renew-ca', trustDomain: 'fleet', ca: 'ca' });
  const unknown = set.csrs.find(({ path }) => path === 'admin.conf.csr');
  if (unknown) await memory.process(memory.upload('cp-9', unknown));
  return [
    ...documentsIn(memory.exchange),
    ...documentsIn(memory.authority),
    ...(await rotatedExamples()),
  ];
}

/** What is in both buckets while a CA is rotated for the second time, after a first rotation with a waiver. */
async function rotatedExamples(): Promise<Example[]> {
  const { advance, approve, authority, exchange, go, plan } = await rotatingWorld();
  await advance('trust', 'issue');
  const waivers = [{ subject: 'prod/node/worker-7', reason: 'in repair' }];
  approve(await plan({ phase: 'retire', waivers }));
  await go('retire', { waivers });
  await advance('stable', 'trust', 'issue');
  return [...documentsIn(exchange), ...documentsIn(authority)];
}

/** The records of a CSR, of the certificate that was issued for it, and of its renewal. */
async function importSubordinate({ service, keys, now }: InMemoryService): Promise<void> {
  const corporate = new CorporateRoot();
  const trustDomain = 'corporate';
  const { cas } = await requestCertificates(service, keys, {
    action: 'request-certificate',
    trustDomain,
    cas: { ca: {} },
  });
  const { publicKey } = await keys.findMade(cas.ca?.keyId ?? '');
  const certificate = certificateToPem(corporate.certify(publicKey, 'kubernetes', now));
  const importOne = (one: string) =>
    importCertificates(service, keys, {
      action: 'import-certificate',
      trustDomain,
      cas: { ca: { certificate: one, chain: corporate.chainPem } },
    });
  await importOne(certificate);
  const later = new Date(now.getTime() + 3700 * DAY_MS);
  const renewed = corporate.certify(publicKey, 'kubernetes', now, { notAfter: later });
  await importOne(certificateToPem(renewed));
}

const documentsIn = (store: MemoryStore): Example[] =>
  [...store.objects.keys()]
    .filter((key) => key.endsWith('.json'))
    .map((key) => ({ name: parseKeyOf(key), from: key, document: store.json(key) }));

const url = (path: string) => `https://example.com/${path}`;
const place = { cluster: 'prod', node: 'cp-1.prod.example.com', request: 'r1' };
const bundle = { get: url('ca'), sha256: ['0a'] };
const totals = { waiting: 1, oldestWaiting: START.getTime() };

/** Documents that neither of the two has. */
export const OTHER_EXAMPLES: readonly Example[] = [
  {
    name: 'invitation',
    document: {
      cakelessInvitation: 1,
      ...place,
      trustDomain: 'prod',
      expiresAt: START.toISOString(),
      trust: { ca: bundle, 'etcd-ca': bundle, 'front-proxy-ca': bundle },
      requests: [
        {
          path: 'admin.conf.csr',
          ...{ put: url('put'), get: url('get'), certificate: url('certificate') },
          ...{ rejected: url('rejected'), pending: url('pending') },
        },
      ],
    },
  },
  {
    name: 'packed-request',
    document: { cakelessRequest: 1, ...place, csrs: [{ path: 'admin.conf.csr', csr: 'AAAA' }] },
  },
  {
    name: 'relayed-outcomes',
    document: {
      cakelessOutcomes: 1,
      ...place,
      objects: [{ key: 'trust/prod/ca.crt', body: 'AAAA', metadata: { ca: 'ca' } }],
    },
  },
  {
    name: 'adoption',
    document: {
      cakelessAdoption: 1,
      trustDomain: 'prod',
      cas: {
        ca: {
          certificate: 'PEM',
          keyId: 'arn:aws:kms:eu-central-1:111122223333:key/1',
          import: { wrappingKey: 'AAAA', token: 'AAAA', validTo: START.toISOString() },
        },
        'etcd-ca': { certificate: 'PEM', keyId: 'arn:aws:kms:eu-central-1:111122223333:key/2' },
      },
    },
  },
  {
    name: 'wrapped-keys',
    document: {
      cakelessWrappedKeys: 1,
      trustDomain: 'prod',
      cas: { ca: { wrappingKeyHash: '0'.repeat(64), encryptedKeyMaterial: 'AAAA' } },
    },
  },
  {
    name: 'rotation-summary',
    document: {
      trustDomain: 'prod',
      documentETag: '0'.repeat(32),
      at: '2027-03-01T03:00:00.000Z',
      rules: { heardWithinSeconds: 691200, issueSeconds: 604800, goneAfterSeconds: 604800 },
      missing: [{ subject: 'prod/node/cp-1', why: 'it has written no report', fix: 'renew it' }],
      notes: ['a note'],
      progress: [{ what: 'workers', done: 1, of: 2 }],
      todo: ['prod/node/cp-1: renew it'],
      leftOut: { missing: 1, notes: 0, todo: 0 },
    },
  },
  {
    name: 'reconcile-cursor',
    document: {
      after: 'requests/prod/a',
      continued: { 'requests/prod/': 'requests/prod/b' },
      daily: true,
      ledger: { after: 'records/prod/a' },
      seen: totals,
      last: totals,
    },
  },
].map((example) => ({ ...example, from: 'this test' }));
