/** Has the service sign CSRs with the keys of CAs, for an outside CA to issue their certificates. */
import 'reflect-metadata';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { Pkcs10CertificateRequest } from '@peculiar/x509';
import * as z from 'zod/mini';
import type {
  CaToCertify,
  CertificateRequest,
  RequestCertificateRequest,
} from '../../lib/ca/trust-domain-request.ts';
import { makeFolder, writeDurably } from '../../lib/files/durable-file.ts';
import { CA_NAMES, type CaName } from '../../lib/profiles/certificate-names.ts';
import { CA_KEY_SPECS, type CaKeySpec } from '../../lib/signing/signing-algorithm.ts';
import { formatHash } from '../node/trust/ca-cert-hash.ts';
import { type InvokeCreateCa, parseResponse, wrongResponse } from '../operator/create-ca.ts';

export interface CertificatesToRequest {
  readonly trustDomain: string;
  readonly cas: readonly CaName[];
  /** Of new keys. */
  readonly keySpec: CaKeySpec | undefined;
  /** @default kubeadm's name of the CA */
  readonly commonName: string | undefined;
  /** KMS keys to use instead of those of the deployment: ARNs or aliases. */
  readonly keys: Readonly<Partial<Record<CaName, string>>>;
}

export interface RequestedCa {
  readonly ca: CaName;
  readonly keyId: string;
  readonly keySpec: CaKeySpec;
  /** On one line. */
  readonly subject: string;
  /** Of the public key, in the form of the option: the certificate will have the same. */
  readonly caCertHash: string;
  /** PEM. */
  readonly csr: string;
  /** The certificate that the CA has already, and that the new one is to renew. */
  readonly renews?: CertificateRequest['renews'];
  /** The version that the certificate is for, if its rotation has yet to start. */
  readonly successor?: number;
}

const responseSchema = z.object({
  cas: z.partialRecord(
    z.enum(CA_NAMES),
    z.object({
      keyId: z.string(),
      keySpec: z.enum(CA_KEY_SPECS),
      csr: z.string(),
      renews: z.exactOptional(
        z.object({
          version: z.number(),
          notAfter: z.string(),
          sha256: z.exactOptional(z.string()),
        }),
      ),
    }),
  ),
});

/** @throws CommandError if the response has no CSR of a CA, or one whose signature does not verify */
export async function requestCertificates(
  invoke: InvokeCreateCa,
  { trustDomain, cas, keySpec, commonName, keys }: CertificatesToRequest,
): Promise<RequestedCa[]> {
  const wanted = (ca: CaName): CaToCertify => ({
    ...(commonName !== undefined && { commonName }),
    ...(keys[ca] !== undefined && { keyId: keys[ca] }),
  });
  const request: RequestCertificateRequest = {
    action: 'request-certificate',
    trustDomain,
    cas: Object.fromEntries(cas.map((ca) => [ca, wanted(ca)])),
    ...(keySpec !== undefined && { keySpec }),
  };
  const response = parseResponse(responseSchema, await invoke(request));
  return Promise.all(
    cas.map(async (ca) => {
      const found = response.cas[ca];
      if (!found) throw wrongResponse(`it has no CSR of ${ca}`);
      return { ca, ...found, ...(await readCsr(ca, found.csr)) };
    }),
  );
}

/** @throws CommandError if it cannot be read, or its signature does not verify */
export async function readCsr(ca: CaName, pem: string) {
  const csr = parse(pem);
  if (!csr || !(await csr.verify().catch(() => false)))
    throw wrongResponse(`the CSR of ${ca} cannot be read, or its signature does not verify`);
  const hash = createHash('sha256').update(Buffer.from(csr.publicKey.rawData)).digest('hex');
  return { subject: csr.subject, caCertHash: formatHash(ca, hash) };
}

function parse(pem: string): Pkcs10CertificateRequest | undefined {
  try {
    return new Pkcs10CertificateRequest(pem);
  } catch {
    return undefined;
  }
}

export const csrFileOf = (folder: string, ca: CaName) => join(folder, `${ca}.csr`);

/** For other programs: nothing in a CSR is secret. */
export async function writeCsrs(folder: string, requested: readonly RequestedCa[]): Promise<void> {
  await makeFolder(folder);
  for (const { ca, csr } of requested) await writeDurably(csrFileOf(folder, ca), csr);
}
