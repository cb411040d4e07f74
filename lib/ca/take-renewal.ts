/**
 * Takes a certificate from outside as the renewal of a subordinate CA. As for the first one, the certificate is recorded with
 * a proof that names it, and KMS signs the proof. Nodes take the certificate because of this signature, which is published:
 * they trust the key already, and only the import of an operator has it sign one.
 */
import { verify, X509Certificate } from 'node:crypto';
import { certificateToPem } from '../certificate/pem.ts';
import {
  type CaRenewalName,
  type CaRenewalRecord,
  caRenewalCertificateKey,
  caRenewalRecordKey,
  caRenewalSignatureKey,
  type SubordinateRenewalRecord,
} from '../contract/ca-renewal-record.ts';
import {
  type CaVersion,
  type TrustDomainDocument,
  trustDomainKey,
  trustDomainSchema,
} from '../contract/trust-domain.ts';
import { Fault } from '../fault.ts';
import type { Service } from '../service.ts';
import { signingAlgorithmOf } from '../signing/signing-algorithm.ts';
import { checkDocument, formatDocument, JSON_TYPE, readJsonObject } from '../store/documents.ts';
import type { ExaminedSubordinate } from './examine-subordinates.ts';
import { PROOF_RANDOM_BYTES, writeProof } from './key-proof.ts';
import { publishTrust } from './publish-trust.ts';
import { signRecorded, storeOnce } from './record-version.ts';
import { isSoundRenewalRecord, readRenewalRecord } from './renewal-record.ts';
import { describeRenewal } from './summarize-renewal.ts';
import type { RenewedCa } from './trust-domain-request.ts';
import { renewalsOf, renewedOf, writeRenewed } from './write-renewed.ts';

/** Renewals of each CA, one that was interrupted before, and calls that change the same trust domain. */
const MAX_ATTEMPTS = 20;

/** A subordinate CA whose certificate, or whose chain, is to be renewed. */
export interface ExaminedRenewal extends ExaminedSubordinate {
  readonly existing: CaVersion;
}

export interface TakenRenewals {
  readonly document: TrustDomainDocument;
  readonly renewed: readonly RenewedCa[];
}

/**
 * A renewal that another call has recorded is finished first: it was imported, too.
 * @param examine what is to be renewed, given the document. It is called again after each change of it
 */
export async function takeRenewals(
  service: Service,
  trustDomain: string,
  examine: (document: TrustDomainDocument) => Promise<readonly ExaminedRenewal[]>,
): Promise<TakenRenewals> {
  const key = trustDomainKey(trustDomain);
  const renewed: RenewedCa[] = [];
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const stored = await readJsonObject(service.authority, key);
    const document = stored && checkDocument(stored.value, key, trustDomainSchema);
    if (!document) throw new Fault('document-malformed', `${key}: the document does not exist`);
    const [next] = await examine(document);
    if (!next) return { document: await publishTrust(service, trustDomain), renewed };
    const { ca, existing } = next;
    const after = await obtainRenewal(service, trustDomain, next);
    if (await writeRenewed(service, key, stored, ca, after))
      renewed.push(describeRenewal({ trustDomain, ca }, existing, after, true));
  }
  throw new Fault('unavailable', `${key}: other calls kept changing it; try again`);
}

async function obtainRenewal(
  service: Service,
  trustDomain: string,
  examined: ExaminedRenewal,
): Promise<CaVersion> {
  const { ca, existing } = examined;
  const { version } = existing;
  const name = { trustDomain, ca, version, renewal: renewalsOf(existing) + 1 };
  const record = soundOnly(
    (await readRenewalRecord(service, name)) ?? (await recordRenewal(service, name, examined)),
    name,
    existing,
  );
  const signature = await obtainSignature(service, name, record, existing);
  const certificate = await storeOnce(service, caRenewalCertificateKey(name), async () =>
    certificateToPem(Buffer.from(record.certificate, 'base64')),
  );
  return {
    ...existing,
    certificate,
    chain: record.chain,
    renewals: name.renewal,
    ...(certificate !== existing.certificate && { renewed: renewedOf(existing) }),
    voucher: { proof: record.proof, signature },
  };
}

async function recordRenewal(
  service: Service,
  name: CaRenewalName,
  { existing, taken, key }: ExaminedRenewal,
): Promise<CaRenewalRecord> {
  const { certificate, chain } = taken;
  const proof = writeProof(name, certificate, service.randomBytes(PROOF_RANDOM_BYTES));
  const record: SubordinateRenewalRecord = {
    ...name,
    origin: 'subordinate',
    keyId: key.keyId,
    keySpec: key.keySpec,
    publicKey: Buffer.from(key.publicKey).toString('base64'),
    decidedAt: service.now().toISOString(),
    renews: new X509Certificate(existing.certificate).raw.toString('base64'),
    certificate: Buffer.from(certificate).toString('base64'),
    chain,
    proof: Buffer.from(proof).toString('base64'),
  };
  const recordKey = caRenewalRecordKey(name);
  await service.authority.create(recordKey, formatDocument(record), JSON_TYPE);
  const winner = await readRenewalRecord(service, name);
  if (!winner) throw new Fault('unavailable', `${recordKey}: written, but cannot be read`);
  return winner;
}

/** Only the proof of a renewal of the present certificate is signed, with its own key, even if the record is forged. */
function soundOnly(
  record: CaRenewalRecord,
  name: CaRenewalName,
  { keyId, keySpec, certificate }: CaVersion,
): SubordinateRenewalRecord {
  const isSame =
    record.keyId === keyId &&
    record.keySpec === keySpec &&
    new X509Certificate(certificate).raw.equals(Buffer.from(record.renews, 'base64'));
  if (isSame && record.origin === 'subordinate' && isSoundRenewalRecord(record, name))
    return record;
  throw new Fault('document-malformed', `${caRenewalRecordKey(name)}: not the record of a renewal`);
}

/** In base64. What is stored counts, if the key has signed it. */
async function obtainSignature(
  service: Service,
  name: CaRenewalName,
  record: SubordinateRenewalRecord,
  { keySpec, certificate }: CaVersion,
): Promise<string> {
  const proof = Buffer.from(record.proof, 'base64');
  const { publicKey } = new X509Certificate(certificate);
  const key = caRenewalSignatureKey(name);
  const stored = await storeOnce(service, key, async () => {
    const recordKey = caRenewalRecordKey(name);
    const signed = await signRecorded(service, record, recordKey, proof, publicKey);
    return `${Buffer.from(signed).toString('base64')}\n`;
  });
  const signature = stored.trim();
  const { hash } = signingAlgorithmOf(keySpec);
  if (verify(hash, proof, publicKey, Buffer.from(signature, 'base64'))) return signature;
  throw new Fault('document-malformed', `${key}: not the signature of the proof`);
}
