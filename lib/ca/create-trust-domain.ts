/**
 * Makes the three CAs of a trust domain, once. The rule is the one of leaves: what will be signed is on record before
 * KMS is asked, a retry signs the same bytes, and of racing calls the first result stands.
 *
 *   ca-records/<trust domain>/<ca>/1.json   key and TBSCertificate      authority bucket
 *   ca-records/<trust domain>/<ca>/1.crt    the signed certificate      authority bucket
 *   ca-keys/<SHA-256 of the public key>.json   which CA a key is for     authority bucket
 *   trust/<trust domain>.json               all three together          authority bucket
 *   trust/<trust domain>/ca.crt …           what nodes install          exchange bucket
 */
import { createHash, verify } from 'node:crypto';
import { assembleCertificate } from '../certificate/assemble.ts';
import { certificateToPem } from '../certificate/pem.ts';
import { Fault } from '../fault.ts';
import { CA_NAMES, type CaName } from '../profiles/certificate-names.ts';
import type { Service } from '../service.ts';
import { type CaKeySpec, signingAlgorithmOf } from '../signing/signing-algorithm.ts';
import { formatDocument, JSON_TYPE, PEM_TYPE, readDocument } from '../store/documents.ts';
import { caKeyObject, draftCaCertificate } from './ca-certificate.ts';
import type { CaKey, CaKeys } from './ca-keys.ts';
import { type CaRecord, caRecordSchema, caRecordStem, FIRST_VERSION, keyOf } from './ca-record.ts';
import { claimKeys, findKeys, refuseOtherwise } from './choose-keys.ts';
import {
  bundleKey,
  type CaVersion,
  type TrustDomainDocument,
  trustDomainKey,
  trustDomainSchema,
} from './trust-domain.ts';

export interface TrustDomainRequest {
  readonly trustDomain: string;
  /** Kind of the keys that are made; ECC_NIST_P256 if nobody says. */
  readonly keySpec?: CaKeySpec;
  /** Keys that exist already, by ARN; the others are made. */
  readonly keys?: Partial<Record<CaName, string>>;
  /** Lifetime of the CA certificates in days; kubeadm's caCertificateValidityPeriod is 3650. */
  readonly validityDays: number;
}

const BACKDATE_MS = 5 * 60 * 1000;
const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * @returns the trust domain as it stands, and whether this call made it
 * @throws Fault request-malformed if it stands otherwise than asked for, or a key would serve two CAs
 */
export async function createTrustDomain(
  service: Service,
  caKeys: CaKeys,
  request: TrustDomainRequest,
): Promise<{ document: TrustDomainDocument; created: boolean }> {
  const key = trustDomainKey(request.trustDomain);
  const known = await readDocument(service.authority, key, trustDomainSchema);
  if (known) {
    refuseOtherwise(known, request);
    await publishBundles(service, known);
    return { document: known, created: false };
  }
  const found = await findKeys(service, caKeys, request);
  await claimKeys(service, request.trustDomain, found);
  const cas: Partial<Record<CaName, { signing: number; versions: CaVersion[] }>> = {};
  for (const { ca, key: caKey } of found)
    cas[ca] = { signing: FIRST_VERSION, versions: [await makeCa(service, request, ca, caKey)] };
  const made = trustDomainSchema.parse({ trustDomain: request.trustDomain, cas });
  const created = await service.authority.create(key, formatDocument(made), JSON_TYPE);
  const document = await readDocument(service.authority, key, trustDomainSchema);
  if (!document) throw new Fault('unavailable', `${key}: written, but can not be read`);
  if (created === 'exists') refuseOtherwise(document, request); // another call was faster
  await publishBundles(service, document);
  return { document, created: created === 'created' };
}

async function makeCa(
  service: Service,
  request: TrustDomainRequest,
  ca: CaName,
  key: CaKey,
): Promise<CaVersion> {
  const stem = caRecordStem(request.trustDomain, ca);
  const record =
    (await readDocument(service.authority, `${stem}.json`, caRecordSchema)) ??
    (await recordDraft(service, request, ca, key, `${stem}.json`));
  const { version, keyId, keySpec } = record;
  const certificate = await obtainCertificate(service, record, `${stem}.crt`);
  return { version, keyId, keySpec, certificate };
}

async function recordDraft(
  service: Service,
  { trustDomain, validityDays }: TrustDomainRequest,
  ca: CaName,
  key: CaKey,
  recordKey: string,
): Promise<CaRecord> {
  const now = service.now();
  const start = Math.floor(now.getTime() / 1000) * 1000;
  const tbs = await draftCaCertificate({
    ca,
    key,
    serialNumber: Uint8Array.of(1, ...service.randomBytes(16)),
    notBefore: new Date(start - BACKDATE_MS),
    notAfter: new Date(start + validityDays * DAY_MS),
  });
  const record: CaRecord = {
    trustDomain,
    ca,
    version: FIRST_VERSION,
    keyId: key.keyId,
    keySpec: key.keySpec,
    publicKey: Buffer.from(key.publicKey).toString('base64'),
    decidedAt: now.toISOString(),
    tbs: Buffer.from(tbs).toString('base64'),
  };
  await service.authority.create(recordKey, formatDocument(record), JSON_TYPE);
  const winner = await readDocument(service.authority, recordKey, caRecordSchema);
  if (!winner) throw new Fault('unavailable', `${recordKey}: written, but can not be read`);
  return winner;
}

async function obtainCertificate(service: Service, record: CaRecord, key: string): Promise<string> {
  const known = await service.authority.get(key, MAX_CERTIFICATE_BYTES);
  if (known) return Buffer.from(known.body).toString('latin1');
  const certificate = certificateToPem(await signCaRecord(service, record));
  await service.authority.create(key, certificate, PEM_TYPE);
  const winner = await service.authority.get(key, MAX_CERTIFICATE_BYTES);
  if (!winner) throw new Fault('unavailable', `${key}: written, but can not be read`);
  return Buffer.from(winner.body).toString('latin1');
}

const MAX_CERTIFICATE_BYTES = 64 * 1024;

async function signCaRecord(service: Service, record: CaRecord): Promise<Uint8Array> {
  const algorithm = signingAlgorithmOf(record.keySpec);
  const tbs = Buffer.from(record.tbs, 'base64');
  const digest = createHash(algorithm.hash).update(tbs).digest();
  const signature = await service.keys.sign(
    record.keyId,
    algorithm,
    digest,
    `${caRecordStem(record.trustDomain, record.ca)}.json`,
  );
  if (!verify(algorithm.hash, tbs, caKeyObject(keyOf(record)), signature))
    throw new Fault('signature-invalid', `${record.keyId}: the signature does not verify`);
  return assembleCertificate(tbs, { algorithm }, signature);
}

/** The version that signs comes first: kubeadm looks at the first certificate of a CA file only. */
async function publishBundles(service: Service, document: TrustDomainDocument): Promise<void> {
  for (const ca of CA_NAMES) {
    const { signing, versions } = document.cas[ca];
    const inOrder = [...versions].sort(
      (a, b) => Number(b.version === signing) - Number(a.version === signing),
    );
    const bundle = inOrder.map(({ certificate }) => certificate).join('');
    await service.exchange.put(bundleKey(document.trustDomain, ca), bundle, PEM_TYPE);
  }
}
