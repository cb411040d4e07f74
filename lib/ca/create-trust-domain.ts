/**
 * Creates the three CAs of a trust domain, once. As for leaf certificates, what is signed is recorded before KMS is
 * called, a retry signs the same bytes, and if calls race, the first result counts.
 */
import { createHash, verify } from 'node:crypto';
import { assembleCertificate } from '../certificate/assemble.ts';
import { certificateToPem } from '../certificate/pem.ts';
import {
  type CaRecord,
  type CaVersionName,
  caCertificateKey,
  caRecordKey,
  caRecordSchema,
  FIRST_CA_VERSION,
} from '../contract/ca-record.ts';
import {
  bundleKey,
  type CaVersion,
  type TrustDomainDocument,
  trustDomainKey,
  trustDomainSchema,
} from '../contract/trust-domain.ts';
import { Fault } from '../fault.ts';
import { CA_NAMES, type CaName } from '../profiles/certificate-names.ts';
import type { Service } from '../service.ts';
import { signingAlgorithmOf } from '../signing/signing-algorithm.ts';
import { formatDocument, JSON_TYPE, PEM_TYPE, readDocument, readText } from '../store/documents.ts';
import { caKeyObject, draftCaCertificate } from './ca-certificate.ts';
import { type CaKey, type CaKeys, keyOf } from './ca-keys.ts';
import { claimKeys, findKeys, refuseOtherwise } from './choose-keys.ts';
import type { TrustDomainRequest } from './trust-domain-request.ts';

const BACKDATE_MS = 5 * 60 * 1000;
const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * @returns the trust domain, and whether this call created it
 * @throws Fault request-malformed if it exists with keys other than those requested, or if two CAs would share a key
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
  const found = await findKeys(service, caKeys, request, FIRST_CA_VERSION);
  await claimKeys(service, request.trustDomain, FIRST_CA_VERSION, found);
  const cas: Partial<Record<CaName, { signing: number; versions: CaVersion[] }>> = {};
  for (const { ca, key: caKey } of found) {
    const name = { trustDomain: request.trustDomain, ca, version: FIRST_CA_VERSION };
    const version = await makeVersion(service, name, caKey, request.validityDays);
    cas[ca] = { signing: FIRST_CA_VERSION, versions: [version] };
  }
  const made = trustDomainSchema.parse({ trustDomain: request.trustDomain, cas });
  const created = await service.authority.create(key, formatDocument(made), JSON_TYPE);
  const document = await readDocument(service.authority, key, trustDomainSchema);
  if (!document) throw new Fault('unavailable', `${key}: written, but cannot be read`);
  if (created === 'exists') refuseOtherwise(document, request); // another call was faster
  await publishBundles(service, document);
  return { document, created: created === 'created' };
}

async function makeVersion(
  service: Service,
  name: CaVersionName,
  key: CaKey,
  validityDays: number,
): Promise<CaVersion> {
  const record =
    (await readDocument(service.authority, caRecordKey(name), caRecordSchema)) ??
    (await recordDraft(service, name, key, validityDays));
  const { version, keyId, keySpec } = record;
  const certificate = await obtainCertificate(service, name, record);
  return { version, keyId, keySpec, certificate };
}

async function recordDraft(
  service: Service,
  { trustDomain, ca, version }: CaVersionName,
  key: CaKey,
  validityDays: number,
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
    version,
    keyId: key.keyId,
    keySpec: key.keySpec,
    publicKey: Buffer.from(key.publicKey).toString('base64'),
    decidedAt: now.toISOString(),
    tbs: Buffer.from(tbs).toString('base64'),
  };
  const recordKey = caRecordKey(record);
  await service.authority.create(recordKey, formatDocument(record), JSON_TYPE);
  const winner = await readDocument(service.authority, recordKey, caRecordSchema);
  if (!winner) throw new Fault('unavailable', `${recordKey}: written, but cannot be read`);
  return winner;
}

async function obtainCertificate(
  service: Service,
  name: CaVersionName,
  record: CaRecord,
): Promise<string> {
  const key = caCertificateKey(name);
  const known = await readText(service.authority, key, MAX_CERTIFICATE_BYTES);
  if (known !== undefined) return known;
  const certificate = certificateToPem(await signCaRecord(service, name, record));
  await service.authority.create(key, certificate, PEM_TYPE);
  const winner = await readText(service.authority, key, MAX_CERTIFICATE_BYTES);
  if (winner === undefined) throw new Fault('unavailable', `${key}: written, but cannot be read`);
  return winner;
}

const MAX_CERTIFICATE_BYTES = 64 * 1024;

async function signCaRecord(
  service: Service,
  name: CaVersionName,
  record: CaRecord,
): Promise<Uint8Array> {
  const algorithm = signingAlgorithmOf(record.keySpec);
  const tbs = Buffer.from(record.tbs, 'base64');
  const digest = createHash(algorithm.hash).update(tbs).digest();
  const { keyId } = record;
  const signature = await service.keys.sign(keyId, algorithm, digest, caRecordKey(name));
  if (!verify(algorithm.hash, tbs, caKeyObject(keyOf(record)), signature))
    throw new Fault('signature-invalid', `${keyId}: the signature does not verify`);
  return assembleCertificate(tbs, { algorithm }, signature);
}

/** The version that signs comes first: kubeadm reads only the first certificate of a CA file. */
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
