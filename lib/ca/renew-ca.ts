/**
 * Renews the certificate of a CA with the same key. As for every signature of a CA key, what is signed is recorded first, a
 * retry signs the same bytes, and of racing calls the first record and the first certificate count. The version stays, and
 * so does the claim of its key.
 */
import { X509Certificate } from 'node:crypto';
import { assembleCertificate } from '../certificate/assemble.ts';
import { isoDate } from '../certificate/iso-date.ts';
import { certificateToPem } from '../certificate/pem.ts';
import {
  type CaRenewalName,
  type CaRenewalRecord,
  caRenewalCertificateKey,
  caRenewalRecordKey,
  type MadeRenewalRecord,
} from '../contract/ca-renewal-record.ts';
import {
  type CaVersion,
  originOf,
  signingVersionOf,
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
  readJsonObject,
} from '../store/documents.ts';
import { draftRenewal } from './draft-renewal.ts';
import { publishTrust } from './publish-trust.ts';
import { signRecorded, storeOnce } from './record-version.ts';
import { isSoundRenewalRecord, publicKeyOf, readRenewalRecord } from './renewal-record.ts';
import { describeRenewal } from './summarize-renewal.ts';
import type { RenewCaRequest, RenewedCa } from './trust-domain-request.ts';
import { renewalsOf, renewedOf, writeRenewed } from './write-renewed.ts';

const BACKDATE_MS = 5 * 60 * 1000;
const DAY_MS = 24 * 60 * 60 * 1000;

/** A renewal that was interrupted, one that follows it, and calls that change the same trust domain. */
const MAX_ATTEMPTS = 10;

interface Renewable {
  readonly ca: CaName;
  readonly version: CaVersion;
  readonly document: TrustDomainDocument;
}

/**
 * A call within a day after a renewal finishes it, or returns it: a CA is not renewed twice because an answer was lost.
 * @throws Fault request-malformed if the CA cannot be renewed, or would not be valid for longer than before
 */
export async function renewCa(service: Service, request: RenewCaRequest): Promise<RenewedCa> {
  const { trustDomain } = request;
  const key = trustDomainKey(trustDomain);
  let isRenewed = false;
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const stored = await readJsonObject(service.authority, key);
    const found = findRenewable(stored, request);
    const recent = await findRecent(service, request, found);
    if (recent) {
      if (!isRenewed) refuseOtherwise(request, recent, found.version);
      if (request.dryRun !== true) await publishTrust(service, found.document.trustDomain);
      return summarize(request, found.version, isRenewed);
    }
    if (request.dryRun === true) return preview(service, request, found.version);
    const renewed = await obtainRenewal(service, request, found.version);
    if (stored && (await writeRenewed(service, key, stored, request.ca, renewed))) isRenewed = true;
  }
  throw new Fault('unavailable', `${key}: other calls kept changing it; try again`);
}

function findRenewable(
  stored: JsonObject | undefined,
  { trustDomain, ca }: RenewCaRequest,
): Renewable {
  const document =
    stored && checkDocument(stored.value, trustDomainKey(trustDomain), trustDomainSchema);
  if (!document) throw refused(`trust domain ${trustDomain} does not exist`);
  const versions = document.cas[ca];
  if (!versions) throw refused(`trust domain ${trustDomain} has no ${ca}`);
  if (document.rotation?.ca === ca)
    throw refused(
      `${ca} of trust domain ${trustDomain} is being rotated (phase ${document.rotation.phase}): end the rotation first, or go back to stable`,
    );
  const version = signingVersionOf(ca, versions);
  if (originOf(version) === 'subordinate')
    throw refused(
      `${ca} of trust domain ${trustDomain} is subordinate: only the CA above it can issue its certificate; run cakeless trust-domain csr ${trustDomain} --ca ${ca}, have a certificate issued for that CSR, and import it`,
    );
  return { ca, version, document };
}

const refused = (why: string) => new Fault('request-malformed', why);

const nameOf = (
  { trustDomain, ca }: RenewCaRequest,
  { version }: CaVersion,
  renewal: number,
): CaRenewalName => ({ trustDomain, ca, version, renewal });

/** The last renewal, if it was decided less than a day ago. */
async function findRecent(
  service: Service,
  request: RenewCaRequest,
  { version }: Renewable,
): Promise<CaRenewalRecord | undefined> {
  const renewals = renewalsOf(version);
  if (renewals === 0) return undefined;
  const record = await readRenewalRecord(service, nameOf(request, version, renewals));
  const isRecent =
    record !== undefined && service.now().getTime() - Date.parse(record.decidedAt) < DAY_MS;
  return isRecent ? record : undefined;
}

/** A caller who asks for another validity has to know that the certificate does not have it. */
function refuseOtherwise(
  { ca, trustDomain, validityDays }: RenewCaRequest,
  { decidedAt }: CaRenewalRecord,
  { certificate }: CaVersion,
): void {
  const { validTo } = new X509Certificate(certificate);
  const days = Math.round((Date.parse(validTo) - Date.parse(decidedAt)) / DAY_MS);
  if (validityDays === undefined || days === validityDays) return;
  throw refused(
    `${ca} of trust domain ${trustDomain} was renewed at ${decidedAt} for ${days} days; it can be renewed again a day after that`,
  );
}

async function obtainRenewal(
  service: Service,
  request: RenewCaRequest,
  version: CaVersion,
): Promise<CaVersion> {
  const name = nameOf(request, version, renewalsOf(version) + 1);
  const record = soundOnly(
    (await readRenewalRecord(service, name)) ??
      (await recordDraft(service, name, request, version)),
    name,
    version,
  );
  const certificate = await storeOnce(service, caRenewalCertificateKey(name), async () =>
    certificateToPem(await signRenewal(service, name, record, version)),
  );
  return {
    ...version,
    certificate,
    renewals: name.renewal,
    renewed: renewedOf(version),
  };
}

async function recordDraft(
  service: Service,
  name: CaRenewalName,
  request: RenewCaRequest,
  version: CaVersion,
): Promise<CaRenewalRecord> {
  const { keyId, keySpec } = version;
  const renews = new X509Certificate(version.certificate).raw;
  const decidedAt = service.now();
  const dates = datesOf(request, version, decidedAt);
  const serialNumber = Uint8Array.of(1, ...service.randomBytes(16));
  const tbs = draftRenewal({ ca: name.ca, keySpec, renews, serialNumber, ...dates });
  const record: MadeRenewalRecord = {
    ...name,
    ...{ keyId, keySpec },
    publicKey: publicKeyOf(renews).toString('base64'),
    decidedAt: decidedAt.toISOString(),
    renews: renews.toString('base64'),
    tbs: Buffer.from(tbs).toString('base64'),
  };
  const key = caRenewalRecordKey(name);
  await service.authority.create(key, formatDocument(record), JSON_TYPE);
  const winner = await readRenewalRecord(service, name);
  if (!winner) throw new Fault('unavailable', `${key}: written, but cannot be read`);
  return winner;
}

/** Nodes take a renewed certificate only if it ends later, so that an old one cannot come back. */
function datesOf(
  { ca, trustDomain, validityDays = DEFAULT_VALIDITY_DAYS }: RenewCaRequest,
  { certificate }: CaVersion,
  now: Date,
): { notBefore: Date; notAfter: Date } {
  const start = Math.floor(now.getTime() / 1000) * 1000;
  const notAfter = new Date(start + validityDays * DAY_MS);
  const { validTo } = new X509Certificate(certificate);
  if (Date.parse(validTo) >= notAfter.getTime())
    throw refused(
      `${ca} of trust domain ${trustDomain} is valid until ${isoDate(validTo)}, and would be until ${notAfter.toISOString()}: ask for a longer validity`,
    );
  return { notBefore: new Date(start - BACKDATE_MS), notAfter };
}

/** kubeadm's caCertificateValidityPeriod of 87600h. */
const DEFAULT_VALIDITY_DAYS = 3650;

/** Only a renewal of the present certificate is signed, with its own key, even if the record is forged. */
function soundOnly(
  record: CaRenewalRecord,
  name: CaRenewalName,
  { keyId, keySpec, certificate }: CaVersion,
): MadeRenewalRecord {
  const { raw } = new X509Certificate(certificate);
  const isSame =
    record.keyId === keyId &&
    record.keySpec === keySpec &&
    raw.equals(Buffer.from(record.renews, 'base64'));
  if (isSame && record.origin !== 'subordinate' && isSoundRenewalRecord(record, name))
    return record;
  throw new Fault('document-malformed', `${caRenewalRecordKey(name)}: not the record of a renewal`);
}

async function signRenewal(
  service: Service,
  name: CaRenewalName,
  record: MadeRenewalRecord,
  { keySpec, certificate }: CaVersion,
): Promise<Uint8Array> {
  const tbs = Buffer.from(record.tbs, 'base64');
  const { publicKey } = new X509Certificate(certificate);
  const key = caRenewalRecordKey(name);
  const signature = await signRecorded(service, record, key, tbs, publicKey);
  return assembleCertificate(tbs, { algorithm: signingAlgorithmOf(keySpec) }, signature);
}

function preview(service: Service, request: RenewCaRequest, version: CaVersion): RenewedCa {
  const { notAfter } = datesOf(request, version, service.now());
  const renewed = describeRenewal(request, version, version, false);
  return { ...renewed, after: { notAfter: notAfter.toISOString() } };
}

function summarize(request: RenewCaRequest, version: CaVersion, changed: boolean): RenewedCa {
  const certificate = version.renewed?.at(-1) ?? version.certificate;
  return describeRenewal(request, { ...version, certificate }, version, changed);
}
