/** CSRs of the certificates API, as the kubelet of a worker creates them, and their expected outcomes. */
import { generateKeyPairSync, randomUUID, X509Certificate } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatCsrObject } from '../../lib/certificates-api/csr-object.ts';
import { SIGNERS } from '../../lib/certificates-api/signers.ts';
import { readRejection } from '../../lib/contract/outcomes.ts';
import { outcomeKeys, requestKey } from '../../lib/contract/request-key.ts';
import { CSR } from '../../lib/contract/request-kinds.ts';
import type { AlternativeName } from '../../lib/csr/alternative-names.ts';
import { JSON_TYPE, readText } from '../../lib/store/documents.ts';
import type { ObjectStore } from '../../lib/store/object-store.ts';
import { makeCsr } from '../node/csr/make-csr.ts';
import type { Received } from '../node/fetch/receive.ts';
import type { Expected } from './expectations.ts';

export const WORKER = { name: 'w-1.prod.example.com', address: '10.20.0.21' };

export interface ApiCsr {
  readonly what: string;
  readonly certificateName: 'kubelet-client' | 'kubelet-serving';
  readonly names: readonly AlternativeName[];
  readonly outcome: Expected['outcome'];
  readonly codes?: readonly string[];
}

const ip = (value: string): AlternativeName => ({ type: 'IP', value });
const ofWorker: readonly AlternativeName[] = [
  { type: 'DNS', value: WORKER.name },
  ip(WORKER.address),
];

export const API_CSRS: readonly ApiCsr[] = [
  {
    what: "the kubelet's client certificate",
    certificateName: 'kubelet-client',
    names: [],
    outcome: 'issued',
  },
  {
    what: 'its serving certificate, with its name and its address',
    certificateName: 'kubelet-serving',
    names: ofWorker,
    outcome: 'issued',
  },
  {
    what: 'its serving certificate, with the address of the Kubernetes API, 172.30.0.1, too',
    certificateName: 'kubelet-serving',
    names: [...ofWorker, ip('172.30.0.1')],
    outcome: 'rejected',
    codes: ['san-forbidden', 'san-not-allowed'],
  },
];

/** Uploads a CSR as a forwarder does, and waits for the outcome; a certificate is written into the folder. */
export async function forward(
  exchange: ObjectStore,
  cluster: string,
  { certificateName, names }: ApiCsr,
  folder: string,
): Promise<Received> {
  const signer = SIGNERS.find((one) => one.certificateName === certificateName);
  if (!signer) throw new Error(`no signer issues ${certificateName}`);
  const uid = randomUUID();
  const address = { cluster, node: CSR, requestId: uid, path: signer.path };
  const username = `system:node:${WORKER.name}`;
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const subject = { commonName: username, organizations: ['system:nodes'] };
  const object = formatCsrObject({
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name: `csr-${uid.slice(0, 5)}`, uid, creationTimestamp: secondsOf(new Date()) },
    spec: {
      request: Buffer.from(makeCsr({ subject, names }, privateKey)).toString('base64'),
      signerName: signer.signerName,
      usages: [...signer.usages[0]],
      username,
      groups: ['system:nodes', 'system:authenticated'],
    },
    status:
      signer.when === 'approved' ? { conditions: [{ type: 'Approved', status: 'True' }] } : {},
  });
  await exchange.create(requestKey(address), object, JSON_TYPE);
  const keys = outcomeKeys(address);
  const about = { certificateName, path: certificateName };
  for (let waited = 0; waited < MOST_SECONDS * 1000; waited += LOOK_EVERY_MS) {
    const rejection = await readRejection(exchange, keys.rejected);
    if (rejection) return { ...about, outcome: 'rejected', violations: rejection.violations };
    const certificate = await readText(exchange, keys.certificate, MAX_CERTIFICATE_BYTES);
    if (certificate !== undefined)
      return { ...about, outcome: 'issued', ...written(folder, certificateName, certificate) };
    await sleep(LOOK_EVERY_MS);
  }
  return { ...about, outcome: 'no-outcome' };
}

const MOST_SECONDS = 60;
const LOOK_EVERY_MS = 200;
const MAX_CERTIFICATE_BYTES = 64 * 1024;

function written(folder: string, name: string, certificate: string) {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}.crt`);
  writeFileSync(file, certificate);
  return { file, notAfter: new Date(new X509Certificate(certificate).validTo).toISOString() };
}

/** As the API server writes times. */
const secondsOf = (moment: Date) => `${moment.toISOString().slice(0, 19)}Z`;
