/**
 * From a record to its certificate: check, sign, verify, store in the ledger and in the expiry index. Every step can be
 * repeated.
 */
import { createHash, verify } from 'node:crypto';
import { type IssuingCa, issuingCa, publishedChainOf, readTrustDomain } from '../ca/issuing-ca.ts';
import { assembleCertificate } from '../certificate/assemble.ts';
import { certificateToPem } from '../certificate/pem.ts';
import { type IssueRecord, issuedKey, recordKey } from '../contract/decision-record.ts';
import type { ExpiryEntry } from '../contract/expiry-key.ts';
import { type RequestAddress, requestKindOf } from '../contract/request-key.ts';
import { dayOf, indexExpiry } from '../expiry/expiry-index.ts';
import { Fault } from '../fault.ts';
import { quote } from '../printable.ts';
import type { Service } from '../service.ts';
import { PEM_TYPE, readText } from '../store/documents.ts';
import type { StoredObject } from '../store/object-store.ts';
import type { CheckedDraft } from './check-record.ts';
import { checkFound, type NotSigned } from './check-to-sign.ts';
import type { LintedTbs } from './lint.ts';

/** What is known when a record is finished. */
export interface Finishing {
  readonly address: RequestAddress;
  /** What is in the exchange bucket under the request's key now. */
  readonly csr: StoredObject | undefined;
  /** Set if this run checked the record and wrote it; a record that it found may have been written by anyone. */
  readonly checked: CheckedDraft | undefined;
}

function expiryEntry(address: RequestAddress, record: IssueRecord): ExpiryEntry {
  const { cluster, node, requestId } = address;
  const { commonName, notAfter, serialNumber } = record.certificate;
  return {
    day: dayOf(new Date(notAfter)),
    cluster,
    node: requestKindOf(address)?.expiryName({ node, commonName }) ?? node,
    certificateName: record.certificateName,
    requestId,
    caVersion: record.caVersion,
    serialNumber,
  };
}

/**
 * The one certificate of a record, in the ledger and in the expiry index. Two racing runs sign the same bytes, but ECDSA
 * signatures differ: the ledger keeps the first, and every run publishes that one. The run that wrote the record
 * does not look in the ledger before it signs: a certificate exists only if another run was faster.
 * @returns what to publish in PEM: the certificate, followed by what vouches for its CA
 */
export async function obtainCertificate(
  service: Service,
  { address, csr, checked }: Finishing,
  record: IssueRecord,
): Promise<string | NotSigned> {
  const index = () => indexExpiry(service.authority, expiryEntry(address, record));
  if (!checked) {
    const known = await readIssued(service, issuedKey(address.key));
    if (known) {
      const [chain] = await Promise.all([readChain(service, record), index()]);
      return known + chain;
    }
  }
  const check = checked ?? (await checkFound(service, address, record, csr));
  if (!check.fits) return check;
  const certificate = certificateToPem(await signDraft(service, address, check));
  // The node gets it after both are written: every certificate in use is in the index, so its expiry is noticed in time.
  const [stored] = await Promise.all([
    store(service, issuedKey(address.key), certificate),
    index(),
  ]);
  return stored + publishedChainOf(check.ca, record.certificateName);
}

async function readChain(
  { authority }: Service,
  { trustDomain, ca, caVersion, certificateName }: IssueRecord,
): Promise<string> {
  const document = await readTrustDomain(authority, trustDomain);
  const issuer = document && issuingCa(document, ca, caVersion);
  if (issuer) return publishedChainOf(issuer, certificateName);
  throw new Fault(
    'document-malformed',
    `trust domain ${quote(trustDomain)} has no version ${caVersion} of ${ca}, which a certificate was issued by`,
  );
}

/** @returns the certificate in the ledger, which another run may have written */
async function store(service: Service, key: string, certificate: string): Promise<string> {
  const created = await service.authority.create(key, certificate, PEM_TYPE);
  if (created === 'created') return certificate;
  const winner = await readIssued(service, key);
  if (!winner) throw new Fault('unavailable', `${key}: exists, but cannot be read`);
  return winner;
}

async function signDraft(
  service: Service,
  address: RequestAddress,
  { ca, tbs }: CheckedDraft,
): Promise<Uint8Array> {
  const signature = await sign(service, ca, tbs, recordKey(address.key));
  return assembleCertificate(tbs, ca, signature);
}

/** Only a linted draft can be signed, and only a signature that verifies is returned. */
async function sign(
  service: Service,
  ca: IssuingCa,
  tbs: LintedTbs,
  recordKey: string,
): Promise<Uint8Array> {
  const { hash } = ca.algorithm;
  const digest = createHash(hash).update(tbs).digest();
  const signature = await service.keys.sign(ca.keyId, ca.algorithm, digest, recordKey);
  if (verify(hash, tbs, ca.certificate.publicKey, signature)) return signature;
  throw new Fault(
    'signature-invalid',
    `${ca.keyId}: the signature does not verify with the certificate of ${ca.name}; the key may not be the CA's`,
  );
}

const MAX_CERTIFICATE_BYTES = 64 * 1024;

function readIssued(service: Service, key: string): Promise<string | undefined> {
  return readText(service.authority, key, MAX_CERTIFICATE_BYTES);
}
