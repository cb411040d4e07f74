/**
 * Creates the CAs of a trust domain, each once. As for leaf certificates, what is signed is recorded before KMS is
 * called, a retry signs the same bytes, and if calls race, the first result counts.
 */
import { caCsrPrefix } from '../contract/ca-csr-record.ts';
import { type CaRecord, type CaVersionName, FIRST_CA_VERSION } from '../contract/ca-record.ts';
import type { CaVersion } from '../contract/trust-domain.ts';
import { Fault } from '../fault.ts';
import type { CaName } from '../profiles/certificate-names.ts';
import type { Service } from '../service.ts';
import { addCas, type CreatedTrustDomain, type NewCas } from './add-cas.ts';
import { draftCaCertificate } from './ca-certificate.ts';
import type { CaKey, CaKeys } from './ca-keys.ts';
import { claimKeys, findKeys, missingCas, refuseOtherwise } from './choose-keys.ts';
import { isRequested } from './is-requested.ts';
import { madeOnly, obtainMadeVersion } from './made-version.ts';
import { readCaRecord, recordVersion } from './record-version.ts';
import type { TrustDomainRequest } from './trust-domain-request.ts';

const BACKDATE_MS = 5 * 60 * 1000;
const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Creates a trust domain, or adds the CAs that the request asks for and that an existing one does not have.
 * @throws Fault request-malformed if the key of a CA is not the requested one, or if two CAs would share a key
 */
export function createTrustDomain(
  service: Service,
  caKeys: CaKeys,
  request: TrustDomainRequest,
): Promise<CreatedTrustDomain> {
  return addCas(service, request.trustDomain, async (document) => {
    if (document) refuseOtherwise(document, request);
    return makeCas(service, caKeys, request, missingCas(document, request));
  });
}

async function makeCas(
  service: Service,
  caKeys: CaKeys,
  request: TrustDomainRequest,
  missing: readonly CaName[],
): Promise<NewCas> {
  const { trustDomain, validityDays } = request;
  for (const ca of missing)
    await refuseRequested(service, { trustDomain, ca, version: FIRST_CA_VERSION });
  const found = await findKeys(service, caKeys, request, missing, FIRST_CA_VERSION);
  await claimKeys(service, trustDomain, FIRST_CA_VERSION, found);
  const cas: NewCas = {};
  for (const { ca, key } of found) {
    const name = { trustDomain, ca, version: FIRST_CA_VERSION };
    cas[ca] = await makeVersion(service, name, key, validityDays);
  }
  return cas;
}

/** A certificate made here could not be replaced by the one that was requested. What is recorded is finished anyway. */
async function refuseRequested(service: Service, name: CaVersionName): Promise<void> {
  if ((await readCaRecord(service, name)) || !(await isRequested(service, name))) return;
  throw new Fault(
    'request-malformed',
    `a certificate was requested for ${name.ca} of trust domain ${name.trustDomain} (${caCsrPrefix(name)}): import that instead of creating it`,
  );
}

async function makeVersion(
  service: Service,
  name: CaVersionName,
  key: CaKey,
  validityDays: number,
): Promise<CaVersion> {
  const record = madeOnly(
    (await readCaRecord(service, name)) ?? (await recordDraft(service, name, key, validityDays)),
  );
  return obtainMadeVersion(service, name, record);
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
  return recordVersion(service, {
    trustDomain,
    ca,
    version,
    origin: 'made',
    keyId: key.keyId,
    keySpec: key.keySpec,
    publicKey: Buffer.from(key.publicKey).toString('base64'),
    decidedAt: now.toISOString(),
    tbs: Buffer.from(tbs).toString('base64'),
  });
}
