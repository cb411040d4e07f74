/** CSRs of the certificates API, made by hand. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mustRun } from '../harness/program.ts';
import { type Api, CSRS, type Csr, SIGNERS } from './api.ts';

export interface CsrPlan {
  readonly signer: keyof typeof SIGNERS;
  /** As `openssl req -subj` takes it. */
  readonly subject: string;
  /** `DNS:…`, `IP:…` */
  readonly names?: readonly string[];
  readonly usages?: readonly string[];
  readonly expirationSeconds?: number;
}

const USAGES = {
  client: ['digital signature', 'client auth'],
  serving: ['digital signature', 'server auth'],
  user: ['digital signature', 'client auth'],
};

let count = 0;

/** @param as whose CSR it is @returns the object, the file of its key, and when it was sent */
export async function createCsr(
  as: Api,
  folder: string,
  plan: CsrPlan,
): Promise<{ csr: Csr; keyFile: string; sentAt: number }> {
  count += 1;
  const stem = join(folder, 'csrs', String(count));
  mkdirSync(join(folder, 'csrs'), { recursive: true });
  const keyFile = `${stem}.key`;
  const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc'];
  const names = plan.names ? ['-addext', `subjectAltName=${plan.names.join(',')}`] : [];
  const subject = ['-subj', plan.subject, ...names];
  await mustRun(['openssl', 'req', '-new', ...fresh, '-keyout', keyFile, ...subject, '-out', stem]);
  const request = readFileSync(stem).toString('base64');
  rmSync(stem);
  const { usages = USAGES[plan.signer], expirationSeconds } = plan;
  const sentAt = performance.now();
  const csr = await as.ask<Csr>('POST', CSRS, {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { generateName: 'by-hand-' },
    spec: {
      request,
      signerName: SIGNERS[plan.signer],
      usages,
      ...(expirationSeconds && { expirationSeconds }),
    },
  });
  return { csr, keyFile, sentAt };
}

/** A kubeconfig with a token. */
export const tokenKubeconfig = (server: string, ca: string, token: string): string =>
  kubeconfigWith(server, ca, { token });

export function kubeconfigWith(server: string, ca: string, user: Record<string, string>): string {
  const data = Buffer.from(ca).toString('base64');
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'it', cluster: { server, 'certificate-authority-data': data } }],
    users: [{ name: 'it', user }],
    contexts: [{ name: 'it', context: { cluster: 'it', user: 'it' } }],
    'current-context': 'it',
  });
}

export function writeKubeconfig(file: string, text: string): string {
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}
