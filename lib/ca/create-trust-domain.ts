/**
 * Creates the CAs of a trust domain, each once. As for leaf certificates, what is signed is recorded before KMS is
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
  type CaVersions,
  casOf,
  type TrustDomainDocument,
  trustDomainKey,
  trustDomainSchema,
} from '../contract/trust-domain.ts';
import { Fault } from '../fault.ts';
import type { CaName } from '../profiles/certificate-names.ts';
import type { Service } from '../service.ts';
import { signingAlgorithmOf } from '../signing/signing-algorithm.ts';
import {
  checkDocument,
  formatDocument,
  JSON_TYPE,
  type JsonObject,
  PEM_TYPE,
  readDocument,
  readJsonObject,
  readText,
} from '../store/documents.ts';
import { caKeyObject, draftCaCertificate } from './ca-certificate.ts';
import { type CaKey, type CaKeys, keyOf } from './ca-keys.ts';
import { claimKeys, findKeys, missingCas, refuseOtherwise } from './choose-keys.ts';
import type { TrustDomainRequest } from './trust-domain-request.ts';

const BACKDATE_MS = 5 * 60 * 1000;
const DAY_MS = 24 * 60 * 60 * 1000;

export interface CreatedTrustDomain {
  readonly document: TrustDomainDocument;
  /** Whether this call created it. */
  readonly created: boolean;
  /** The CAs that this call added: all of them if it created the trust domain. */
  readonly added: readonly CaName[];
}

/** Only a call that adds another CA to the same trust domain at the same time makes a second attempt necessary. */
const MAX_ATTEMPTS = 10;

/**
 * Creates a trust domain, or adds the CAs that the request asks for and that an existing one does not have.
 * @throws Fault request-malformed if the key of a CA is not the requested one, or if two CAs would share a key
 */
export async function createTrustDomain(
  service: Service,
  caKeys: CaKeys,
  request: TrustDomainRequest,
): Promise<CreatedTrustDomain> {
  const key = trustDomainKey(request.trustDomain);
  let [created, added]: [boolean, readonly CaName[]] = [false, []];
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const stored = await readJsonObject(service.authority, key);
    const document = stored && checkDocument(stored.value, key, trustDomainSchema);
    if (document) refuseOtherwise(document, request);
    const missing = missingCas(document, request);
    if (document && missing.length === 0) {
      await publishBundles(service, document);
      return { document, created, added };
    }
    const cas = await makeCas(service, caKeys, request, missing);
    if (!(await writeCas(service, request.trustDomain, stored, cas))) continue; // another call was faster
    created = !stored;
    added = missing;
  }
  throw new Fault('unavailable', `${key}: other calls kept changing it; try again`);
}

async function makeCas(
  service: Service,
  caKeys: CaKeys,
  request: TrustDomainRequest,
  missing: readonly CaName[],
): Promise<Cas> {
  const { trustDomain, validityDays } = request;
  const found = await findKeys(service, caKeys, request, missing, FIRST_CA_VERSION);
  await claimKeys(service, trustDomain, FIRST_CA_VERSION, found);
  const cas: Cas = {};
  for (const { ca, key } of found) {
    const name = { trustDomain, ca, version: FIRST_CA_VERSION };
    const version = await makeVersion(service, name, key, validityDays);
    cas[ca] = { signing: FIRST_CA_VERSION, versions: [version] };
  }
  return cas;
}

type Cas = Partial<Record<CaName, CaVersions>>;

/**
 * What is stored stays, including fields that only a later release knows.
 * @returns whether it was written: not if the document was created or changed since it was read
 */
async function writeCas(
  { authority }: Service,
  trustDomain: string,
  stored: JsonObject | undefined,
  cas: Cas,
): Promise<boolean> {
  const key = trustDomainKey(trustDomain);
  const before = stored?.value as TrustDomainDocument | undefined;
  const value = { ...before, trustDomain, cas: { ...before?.cas, ...cas } };
  const text = formatDocument(value);
  if (!stored) return (await authority.create(key, text, JSON_TYPE)) === 'created';
  return (await authority.replace(key, text, JSON_TYPE, stored.object.eTag)) === 'replaced';
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
  for (const [ca, { signing, versions }] of casOf(document)) {
    const inOrder = [...versions].sort(
      (a, b) => Number(b.version === signing) - Number(a.version === signing),
    );
    const bundle = inOrder.map(({ certificate }) => certificate).join('');
    await service.exchange.put(bundleKey(document.trustDomain, ca), bundle, PEM_TYPE);
  }
}
