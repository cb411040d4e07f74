/** From a record to the outcome that the node reads: lint, sign, verify, publish. Every step can be repeated. */
import { createHash, verify } from 'node:crypto';
import { type IssuingCa, issuingCa, readTrustDomain } from '../ca/issuing-ca.ts';
import { assembleCertificate } from '../certificate/assemble.ts';
import { certificateToPem } from '../certificate/pem.ts';
import {
  type DecisionRecord,
  type IssueRecord,
  issuedKey,
  type RejectRecord,
  recordKey,
} from '../contract/decision-record.ts';
import type { ExpiryEntry } from '../contract/expiry-key.ts';
import { CERTIFICATE_METADATA, type RejectionDocument } from '../contract/outcomes.ts';
import { outcomeKeys, type RequestAddress, requestKindOf } from '../contract/request-key.ts';
import { dayOf, indexExpiry } from '../expiry/expiry-index.ts';
import { Fault } from '../fault.ts';
import type { Service } from '../service.ts';
import { formatDocument, JSON_TYPE, PEM_TYPE } from '../store/documents.ts';
import { type LintedTbs, lintDraft } from './lint.ts';
import { fieldsOf } from './recorded-fields.ts';
import type { Processed } from './wake.ts';

export async function finish(
  service: Service,
  address: RequestAddress,
  record: DecisionRecord,
): Promise<Processed> {
  const keys = outcomeKeys(address);
  if (record.decision === 'issue') {
    const certificate = await obtainCertificate(service, record);
    // before the node can read it: every certificate in use is in the index, so its expiry is noticed in time
    await indexExpiry(service.authority, expiryEntry(address, record));
    await service.exchange.create(keys.certificate, certificate, PEM_TYPE, trustMetadata(record));
  } else {
    await service.exchange.create(keys.rejected, formatDocument(rejection(record)), JSON_TYPE);
  }
  await service.exchange.remove(keys.pending);
  return { outcome: record.decision === 'issue' ? 'issued' : 'rejected', record };
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
 * The one certificate of a record. Two racing runs sign the same bytes, but ECDSA signatures differ: the ledger keeps the
 * first, and every run publishes that one.
 */
async function obtainCertificate(service: Service, record: IssueRecord): Promise<string> {
  const key = issuedKey(record.request);
  const known = await readIssued(service, key);
  if (known) return known;
  const certificate = certificateToPem(await signRecord(service, record));
  const created = await service.authority.create(key, certificate, PEM_TYPE);
  if (created === 'created') return certificate;
  const winner = await readIssued(service, key);
  if (!winner) throw new Fault('unavailable', `${key}: exists, but cannot be read`);
  return winner;
}

async function signRecord(service: Service, record: IssueRecord): Promise<Uint8Array> {
  const document = await readTrustDomain(service.authority, record.trustDomain);
  if (!document)
    throw new Fault(
      'document-malformed',
      `trust domain ${record.trustDomain}: no longer exists, but a record names its CA`,
    );
  const ca = issuingCa(document, record.ca, record.caVersion);
  const tbs = lintDraft(Buffer.from(record.tbs, 'base64'), fieldsOf(record), ca);
  const signature = await sign(service, ca, tbs, recordKey(record.request));
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

/** Names the bundle under `trust/` that the certificate chains to. */
function trustMetadata({ trustDomain, ca }: IssueRecord): Record<string, string> {
  return { [CERTIFICATE_METADATA.trustDomain]: trustDomain, [CERTIFICATE_METADATA.ca]: ca };
}

function rejection(record: RejectRecord): RejectionDocument {
  const { request, certificateName, decidedAt, violations } = record;
  return { request, certificateName, decidedAt, violations };
}

const MAX_CERTIFICATE_BYTES = 64 * 1024;

async function readIssued(service: Service, key: string): Promise<string | undefined> {
  const object = await service.authority.get(key, MAX_CERTIFICATE_BYTES);
  return object && Buffer.from(object.body).toString('latin1');
}
