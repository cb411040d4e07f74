/** Measures the CPU time of one certificate without the CA's signature, and of the same job with plain @peculiar/x509. */
import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { processRequest } from '../lib/issuance/process-request.ts';
import type { Service } from '../lib/service.ts';
import { CLUSTER, InMemoryService, UPLOADER } from '../test/support/in-memory-service.ts';
import { listKubeadmSets } from '../test/support/kubeadm-sets.ts';
import { issueWithPeculiar } from './peculiar.ts';

const WARM_UP = 300;
const ROUNDS = 9;
const PER_ROUND = 200;

/** The API server's CSR, which has the most names. */
const CASES = [
  ['P-256', '1.37.2', 'v4-p256'],
  ['P-384', '1.35.4', 'v6-p384'],
  ['RSA-2048', '1.35.4', 'dual-rsa2048'],
] as const;

export async function benchIssuance(): Promise<void> {
  console.log(
    '\nCPU per certificate without the CA signature, ms: median of rounds [lowest, highest]',
  );
  for (const [key, version, config] of CASES) {
    const ours = await openOurs(version, config);
    const theirs = await openTheirs(version, config);
    for (let i = 0; i < WARM_UP; i++) {
      await ours();
      await theirs();
    }
    const rounds: { ours: number; theirs: number }[] = [];
    // The two alternate, so that other load on the machine affects both.
    for (let i = 0; i < ROUNDS; i++)
      rounds.push({ ours: await measure(ours), theirs: await measure(theirs) });
    const ratios = rounds.map((round) => round.theirs / round.ours);
    console.log(
      `  CSR with ${key.padEnd(8)}  here ${describe(rounds.map((r) => r.ours))}   @peculiar/x509 alone ${describe(rounds.map((r) => r.theirs))}   ratio ${describe(ratios)}`,
    );
  }
}

/** Returns the CPU milliseconds per certificate, without signatures. */
async function measure(issue: () => Promise<number>): Promise<number> {
  const before = process.cpuUsage();
  let signing = 0;
  for (let i = 0; i < PER_ROUND; i++) signing += await issue();
  const { user, system } = process.cpuUsage(before);
  return ((user + system) / 1000 - signing) / PER_ROUND;
}

/** Everything that the function does, from the object's bytes to the published PEM, on buckets in memory. */
async function openOurs(version: string, config: string): Promise<() => Promise<number>> {
  const { memory, node, file } = await open(version, config);
  const bytes = readFileSync(file);
  const { service, spent } = withTimedSignature(memory.service);
  const seeded = new Map(memory.authority.objects);
  let count = 0;
  return async () => {
    count += 1;
    const key = `requests/${CLUSTER}/${node}/r${count}/pki/apiserver.csr`;
    memory.exchange.seed(key, bytes);
    const done = await processRequest(service, { key, uploader: UPLOADER });
    if (done.outcome !== 'issued') throw new Error(`${key} was ${done.outcome}`);
    // S3 would keep these objects, not this process.
    memory.exchange.objects.clear();
    memory.authority.objects.clear();
    for (const [name, object] of seeded) memory.authority.objects.set(name, object);
    memory.exchange.calls.length = memory.authority.calls.length = 0;
    memory.keys.signed.length = 0;
    return spent();
  };
}

async function openTheirs(version: string, config: string): Promise<() => Promise<number>> {
  const { memory, file } = await open(version, config);
  const { service, spent } = withTimedSignature(memory.service);
  const pem = readFileSync(file, 'utf8');
  const ca = memory.caCertificate('ca');
  const [{ keyId = '' } = {}] = memory.document.cas.ca.versions;
  return async () => {
    await issueWithPeculiar(pem, ca, keyId, service.keys);
    return spent();
  };
}

async function open(version: string, config: string) {
  const memory = await InMemoryService.open();
  const set = listKubeadmSets().find((s) => s.version === version && s.config === config);
  const csr = set?.csrs.find(({ certificateName }) => certificateName === 'apiserver');
  if (!set || !csr) throw new Error(`no fixture ${version} ${config}`);
  return { memory, node: memory.declare(set).node, file: csr.file };
}

/** KMS signs in production, so the CPU time of signing is subtracted. It is synchronous, so nothing else is measured with it. */
function withTimedSignature(service: Service): { service: Service; spent: () => number } {
  let spent = 0;
  const sign: Service['keys']['sign'] = async (...args) => {
    const before = process.cpuUsage();
    const signature = await service.keys.sign(...args);
    const { user, system } = process.cpuUsage(before);
    spent += (user + system) / 1000;
    return signature;
  };
  return {
    service: { ...service, keys: { sign } },
    spent: () => {
      const sum = spent;
      spent = 0;
      return sum;
    },
  };
}

function describe(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  const [low = 0, middle = 0, high = 0] = [0, Math.floor(sorted.length / 2), sorted.length - 1].map(
    (i) => sorted[i],
  );
  return `${middle.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}]`;
}

const MEMORY_CERTIFICATES = 10_000;

/** Measures the memory that the process uses after many certificates. */
export async function benchMemory(): Promise<void> {
  const issue = await openOurs('1.37.2', 'v4-p256');
  for (let i = 0; i < MEMORY_CERTIFICATES; i++) await issue();
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  const megabytes = (bytes: number) => `${Math.round(bytes / 1024 / 1024)} MB`;
  console.log(
    `\nMemory after ${MEMORY_CERTIFICATES} certificates: resident ${megabytes(rss)}, heap in use ${megabytes(heapUsed)}`,
  );
}
