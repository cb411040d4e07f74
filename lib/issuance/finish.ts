/**
 * From a record to the outcome that the node reads: check, sign, verify, publish. Every step can be repeated.
 * docs/issuance-cycle.md has a table of the order of calls, and test/lib/issuance/order.test.ts tests it.
 */
import { createHash, verify } from 'node:crypto';
import type { IssuingCa } from '../ca/issuing-ca.ts';
import { assembleCertificate } from '../certificate/assemble.ts';
import { certificateToPem } from '../certificate/pem.ts';
import {
  type DecisionRecord,
  type IssueRecord,
  issuedKey,
  recordKey,
} from '../contract/decision-record.ts';
import type { ExpiryEntry } from '../contract/expiry-key.ts';
import {
  CERTIFICATE_METADATA,
  type RejectionDocument,
  type ViolationDocument,
} from '../contract/outcomes.ts';
import { outcomeKeys, type RequestAddress, requestKindOf } from '../contract/request-key.ts';
import { dayOf, indexExpiry } from '../expiry/expiry-index.ts';
import { Fault } from '../fault.ts';
import type { Service } from '../service.ts';
import { formatDocument, JSON_TYPE, PEM_TYPE, readText } from '../store/documents.ts';
import type { ObjectStore, StoredObject } from '../store/object-store.ts';
import type { CheckedDraft } from './check-record.ts';
import type { NotSigned } from './check-to-sign.ts';
import { loadChecks } from './check-to-sign-later.ts';
import type { LintedTbs } from './lint.ts';
import type { Processed } from './wake.ts';

/** What is known when a record is finished. */
export interface Finishing {
  readonly address: RequestAddress;
  /** What is in the exchange bucket under the request's key now. */
  readonly csr: StoredObject | undefined;
  /** Set if this run checked the record and wrote it; a record that it found may have been written by anyone. */
  readonly checked: CheckedDraft | undefined;
}

export async function finish(
  service: Service,
  finishing: Finishing,
  record: DecisionRecord,
): Promise<Processed> {
  const { pending } = outcomeKeys(finishing.address);
  // A run that publishes it later finds the record afterwards, and deletes it.
  const isPending = exists(service.exchange, pending);
  isPending.catch(() => undefined); // thrown below
  const done = await publishOutcome(service, finishing, record);
  if (await isPending) await service.exchange.remove(pending);
  return done;
}

async function publishOutcome(
  service: Service,
  finishing: Finishing,
  record: DecisionRecord,
): Promise<Processed> {
  const { address } = finishing;
  if (record.decision === 'reject') return reject(service, address, record, record.violations);
  const certificate = await obtainCertificate(service, finishing, record);
  if (typeof certificate !== 'string')
    return {
      ...(await reject(service, address, record, certificate.violations)),
      ...(certificate.misfits
        ? { misfits: certificate.misfits }
        : { reason: certificate.violations[0]?.code ?? '' }),
    };
  const key = outcomeKeys(address).certificate;
  await service.exchange.create(key, certificate, PEM_TYPE, trustMetadata(record));
  return { outcome: 'issued', record };
}

async function reject(
  service: Service,
  address: RequestAddress,
  record: DecisionRecord,
  violations: readonly ViolationDocument[],
): Promise<Processed> {
  const document: RejectionDocument = {
    request: address.key,
    certificateName: record.certificateName,
    decidedAt: record.decidedAt,
    violations: [...violations],
  };
  const { rejected } = outcomeKeys(address);
  await service.exchange.create(rejected, formatDocument(document), JSON_TYPE);
  return { outcome: 'rejected', record };
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
 */
async function obtainCertificate(
  service: Service,
  { address, csr, checked }: Finishing,
  record: IssueRecord,
): Promise<string | NotSigned> {
  const index = () => indexExpiry(service.authority, expiryEntry(address, record));
  if (!checked) {
    const known = await readIssued(service, issuedKey(address.key));
    if (known) {
      await index();
      return known;
    }
  }
  const check = checked ?? (await (await loadChecks()).checkFound(service, address, record, csr));
  if (!check.fits) return check;
  const certificate = certificateToPem(await signDraft(service, address, check));
  // The node gets it after both are written: every certificate in use is in the index, so its expiry is noticed in time.
  const [stored] = await Promise.all([
    store(service, issuedKey(address.key), certificate),
    index(),
  ]);
  return stored;
}

async function exists(bucket: Pick<ObjectStore, 'get'>, key: string): Promise<boolean> {
  return (await bucket.get(key, 0)) !== undefined;
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

/** Names the bundle under `trust/` that the certificate chains to. */
function trustMetadata({ trustDomain, ca }: IssueRecord): Record<string, string> {
  return { [CERTIFICATE_METADATA.trustDomain]: trustDomain, [CERTIFICATE_METADATA.ca]: ca };
}

const MAX_CERTIFICATE_BYTES = 64 * 1024;

function readIssued(service: Service, key: string): Promise<string | undefined> {
  return readText(service.authority, key, MAX_CERTIFICATE_BYTES);
}
