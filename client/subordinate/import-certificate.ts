/** The certificate that an outside CA has issued for the key of a CA: checked here, then again by the service. */
import { isoDate } from '../../lib/certificate/iso-date.ts';
import 'reflect-metadata';
import { X509Certificate } from 'node:crypto';
import { Pkcs10CertificateRequest } from '@peculiar/x509';
import * as z from 'zod/mini';
import type { Finding } from '../../lib/ca/lint-finding.ts';
import { lintSubordinate } from '../../lib/ca/lint-subordinate.ts';
import { readSubordinate } from '../../lib/ca/read-subordinate.ts';
import type { ImportCertificateRequest, RenewedCa } from '../../lib/ca/trust-domain-request.ts';
import { certificateToPem } from '../../lib/certificate/pem.ts';
import { Fault } from '../../lib/fault.ts';
import { CA_NAMES, type CaName } from '../../lib/profiles/certificate-names.ts';
import { CommandError } from '../errors.ts';
import { formatCaCertHash } from '../node/trust/ca-cert-hash.ts';
import { type InvokeCreateCa, parseResponse, wrongResponse } from '../operator/create-ca.ts';
import { renewedCaSchema } from '../operator/renew-ca.ts';
import type { TrustDomainSummary } from '../operator/trust-domain.ts';

export interface CertificateToImport {
  readonly ca: CaName;
  /** PEM texts as they were given. */
  readonly certificate: string;
  readonly chain: string;
  /** The CSR, if it was given: PEM. */
  readonly csr: string | undefined;
}

/** What would be imported, and what is unusual or wrong about it. */
export interface ExaminedCertificate {
  readonly ca: CaName;
  /** undefined if it cannot be read. */
  readonly certificate: X509Certificate | undefined;
  /** Those above it, the root last. */
  readonly chain: readonly X509Certificate[];
  readonly findings: readonly Finding[];
}

/** @throws CommandError for a CSR that cannot be read */
export function examineCertificate(given: CertificateToImport, now: Date): ExaminedCertificate {
  const { ca } = given;
  const publicKey = given.csr === undefined ? undefined : publicKeyOf(given.csr);
  const read = readSubordinate(given);
  if (typeof read === 'string')
    return { ca, certificate: undefined, chain: [], findings: [{ level: 'refuses', text: read }] };
  return {
    ca,
    certificate: new X509Certificate(read.certificate),
    chain: read.chain.map((der) => new X509Certificate(der)),
    findings: lintSubordinate(ca, { ...read, publicKey }, now),
  };
}

function publicKeyOf(csr: string): Uint8Array {
  try {
    return new Uint8Array(new Pkcs10CertificateRequest(csr).publicKey.rawData);
  } catch {
    throw new CommandError('usage', '--csr: the file is not a CSR in PEM');
  }
}

export const refusalsOf = ({ findings }: Pick<ExaminedCertificate, 'findings'>): string[] =>
  findings.filter(({ level }) => level === 'refuses').map(({ text }) => text);

export const acceptedOf = ({ findings }: Pick<ExaminedCertificate, 'findings'>): string[] =>
  findings.filter(({ level }) => level === 'accepts').map(({ text }) => text);

export const isImportable = (examined: ExaminedCertificate): boolean =>
  refusalsOf(examined).length === 0;

/** What a person compares with what the people who run the corporate CA say. */
export interface DescribedCertificate {
  /** On one line. */
  readonly subject: string;
  readonly notAfter: string;
  readonly sha256: string;
  readonly caCertHash: string;
}

export const describeCertificate = (
  ca: CaName,
  certificate: X509Certificate,
): DescribedCertificate => ({
  subject: certificate.subject.replaceAll('\n', ', '),
  notAfter: isoDate(certificate.validTo),
  sha256: certificate.fingerprint256,
  caCertHash: formatCaCertHash(ca, certificate),
});

const successorSchema = z.object({
  ca: z.enum(CA_NAMES),
  version: z.number(),
  sha256: z.string(),
});

const importedSchema = z.looseObject({
  trustDomain: z.string(),
  cas: z.record(
    z.string(),
    z.looseObject({ origin: z.string(), sha256: z.string(), subject: z.string() }),
  ),
  successor: z.exactOptional(successorSchema),
});

const previewSchema = z.object({
  trustDomain: z.string(),
  adds: z.array(z.enum(CA_NAMES)),
  renewed: z.array(renewedCaSchema),
  warnings: z.array(
    z.object({ ca: z.enum(CA_NAMES), level: z.enum(['accepts', 'refuses']), text: z.string() }),
  ),
  successor: z.exactOptional(successorSchema),
});

/** What the import of a certificate that passes the checks here would change. */
export type ForeseenImport =
  | { readonly change: 'first' | 'none' }
  | { readonly change: 'renewal'; readonly renewed: RenewedCa }
  | { readonly change: 'successor'; readonly version: number };

/**
 * Adds what only the service can say: whether the certificate is for the key of the CA, and whether it renews one.
 * @returns the change, and all findings; no change if something is refused, here or there
 */
export async function foreseeImport(
  invoke: InvokeCreateCa,
  trustDomain: string,
  examined: ExaminedCertificate,
  keyId: string | undefined,
): Promise<{ readonly examined: ExaminedCertificate; readonly foreseen?: ForeseenImport }> {
  const request = requestFor(trustDomain, examined, keyId);
  if (!isImportable(examined) || !request) return { examined };
  try {
    const preview = parseResponse(previewSchema, await invoke({ ...request, dryRun: true }));
    const findings = preview.warnings.map(({ level, text }) => ({ level, text }));
    return { examined: { ...examined, findings }, foreseen: foreseenIn(preview) };
  } catch (error) {
    if (!(error instanceof Fault && error.code === 'request-malformed')) throw error;
    const refusal: Finding = { level: 'refuses', text: error.message };
    return { examined: { ...examined, findings: [...examined.findings, refusal] } };
  }
}

function foreseenIn({ adds, renewed, successor }: z.infer<typeof previewSchema>): ForeseenImport {
  if (successor) return { change: 'successor', version: successor.version };
  const [one] = renewed;
  return one ? { change: 'renewal', renewed: one } : { change: adds.length > 0 ? 'first' : 'none' };
}

function requestFor(
  trustDomain: string,
  { ca, certificate, chain }: ExaminedCertificate,
  keyId: string | undefined,
): ImportCertificateRequest | undefined {
  if (!certificate) return undefined;
  const pem = (one: X509Certificate) => certificateToPem(one.raw);
  const given = {
    certificate: pem(certificate),
    chain: chain.map(pem).join(''),
    ...(keyId !== undefined && { keyId }),
  };
  return { action: 'import-certificate', trustDomain, cas: { [ca]: given } };
}

/**
 * @param keyId KMS key to use instead of that of the deployment: an ARN or alias
 * @throws CommandError if it is refused here, or if the service has imported something else
 */
export async function importCertificate(
  invoke: InvokeCreateCa,
  trustDomain: string,
  examined: ExaminedCertificate,
  keyId: string | undefined,
): Promise<TrustDomainSummary> {
  const { ca, certificate } = examined;
  const refusals = refusalsOf(examined);
  const request = requestFor(trustDomain, examined, keyId);
  if (refusals.length > 0 || !certificate || !request)
    throw new CommandError(
      'check-failed',
      [
        'this certificate cannot be imported, and nothing was changed:',
        ...refusals.map((text) => `${ca}: ${text}`),
      ],
      'correct the files, or have the corporate CA issue another certificate for the same CSR, then run the command again',
    );
  const summary = parseResponse(importedSchema, await invoke(request));
  const { successor } = summary;
  const imported = successor?.ca === ca ? { ...successor, origin: 'subordinate' } : summary.cas[ca];
  if (imported?.sha256 !== certificate.fingerprint256)
    throw wrongResponse(
      `the certificate of ${ca} is ${imported?.sha256 ?? 'missing'}, expected ${certificate.fingerprint256}`,
    );
  if (imported.origin !== 'subordinate')
    throw wrongResponse(`${ca} is ${imported.origin}, expected subordinate`);
  return summary as unknown as TrustDomainSummary;
}
