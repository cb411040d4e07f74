/**
 * The calls to AWS for one certificate, counted at the SDK clients: they decide the cost and the use of KMS's quota.
 */

import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KMSClient } from '@aws-sdk/client-kms';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CSR_SERVICE_CALLS, SERVICE_CALLS } from '../../bench/cost/calls.ts';
import { CLIENT_SETTINGS } from '../../lib/aws/clients.ts';
import { KmsCaKeys } from '../../lib/aws/kms-ca-keys.ts';
import { KmsSigningKeys } from '../../lib/aws/kms-signing-keys.ts';
import { S3ObjectStore } from '../../lib/aws/s3-object-store.ts';
import { createTrustDomain } from '../../lib/ca/create-trust-domain.ts';
import { processRequest } from '../../lib/issuance/process-request.ts';
import { parseTrustDomainRules } from '../../lib/trust-domain-rules.ts';
import type { RunningLocal } from '../../local/local-options.ts';
import { startLocal } from '../../local/server.ts';
import { bytesOf, keyOf, servingCsr } from '../support/api-csr.ts';
import { CLUSTER, InMemoryService, TRUST_DOMAIN, UPLOADER } from '../support/in-memory-service.ts';
import { kubeadmSet } from '../support/kubeadm-sets.ts';

const REQUEST = {
  trustDomain: TRUST_DOMAIN,
  keySpec: 'ECC_NIST_P256',
  validityDays: 30,
} as const;
const buckets = { exchange: 'exchange', authority: 'authority' };
const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
let folder: string;
let local: RunningLocal;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cakeless-calls-'));
  const queue = { name: 'unused', function: 'unused' };
  local = await startLocal({
    dataDir: folder,
    buckets,
    functions: { unused: async () => ({}) },
    queues: [queue],
    notifications: [],
  });
});

afterAll(async () => {
  await local.close();
  rmSync(folder, { recursive: true });
});

type Upload = readonly [key: string, body: Uint8Array];

/** @returns calls for each certificate, without the draws from the budget of the cluster, by the names of their commands */
async function countCalls(
  declared: Record<string, unknown>,
  uploadsOf: (node: string) => readonly Upload[],
): Promise<Record<string, number>> {
  const { url: endpoint, region, administrator: credentials } = local;
  const settings = { ...CLIENT_SETTINGS, endpoint, region, credentials };
  const [s3, kms] = [new S3Client(settings), new KMSClient(settings)];
  const sent = [jest.spyOn(s3, 'send'), jest.spyOn(kms, 'send')];
  const service = {
    exchange: new S3ObjectStore(s3, buckets.exchange),
    authority: new S3ObjectStore(s3, buckets.authority),
    keys: new KmsSigningKeys(kms),
    rules: parseTrustDomainRules(undefined),
    now: () => new Date(),
    randomBytes,
  };
  await createTrustDomain(service, new KmsCaKeys(kms), REQUEST);
  // the record that `InMemoryService` builds from the same configuration
  const memory = await InMemoryService.open();
  const { node } = memory.declare(set, declared);
  const record = memory.authority.text(`clusters/${CLUSTER}.json`) ?? '';
  await service.authority.put(`clusters/${CLUSTER}.json`, record, 'application/json');
  const uploads = uploadsOf(node);
  for (const [key, body] of uploads) await service.exchange.put(key, body, 'application/pkcs10');
  const process = async ([key]: Upload) => {
    expect((await processRequest(service, { key, uploader: UPLOADER })).outcome).toBe('issued');
  };
  const [first, ...others] = uploads;
  if (first) await process(first); // a new process reads more
  for (const spy of sent) spy.mockClear();
  for (const upload of others) await process(upload);
  const commands = sent.flatMap(({ mock }) => mock.calls.map(([command]) => command));
  const isDraw = (command: object & { input: object }) =>
    command instanceof PutObjectCommand &&
    /^budgets\/[^/]+\/[^/]+$/.test(String(command.input.Key));
  expect(commands.filter(isDraw).length).toBeLessThanOrEqual(4);
  const names = commands.filter((one) => !isDraw(one)).map((one) => one.constructor.name);
  const perCertificate = (name: string) => names.filter((n) => n === name).length / others.length;
  for (const client of [s3, kms]) client.destroy();
  return Object.fromEntries(names.map((name) => [name, perCertificate(name)]));
}

it('one certificate needs one KMS Sign, no other KMS call, seven S3 reads, five S3 writes and no S3 delete', async () => {
  const csrs = set.csrs.filter(({ certificateName }) => certificateName !== 'super-admin.conf');
  const calls = await countCalls({}, (node) =>
    csrs.map(({ path, file }) => [`requests/${CLUSTER}/${node}/r1/${path}`, readFileSync(file)]),
  );
  expect(calls).toEqual(SERVICE_CALLS);
});

it('a CSR of a kubelet needs two more S3 writes, and one list if it is for a serving certificate', async () => {
  const worker = { name: 'w-1', addresses: ['10.20.0.21'], role: 'worker' };
  const declared = { nodes: [worker], csrSigning: { kubeletClient: {}, kubeletServing: {} } };
  const asked = { cn: `system:node:${worker.name}`, names: [worker.name, ...worker.addresses] };
  const serving = Array.from({ length: 10 }, (_, i) => servingCsr({ ...asked, uid: `u-${i}` }));
  const calls = await countCalls(declared, () =>
    serving.map((object) => [keyOf(object), bytesOf(object)]),
  );
  expect(calls).toEqual(CSR_SERVICE_CALLS);
});
