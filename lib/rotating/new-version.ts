/**
 * The certificate of a new CA version: drafted and recorded for the plan, signed when the rotation starts. That of a CA below
 * another one is recorded when it is imported (import-successor.ts).
 *
 * It has the subject of the version before, byte for byte, also where that is not kubeadm's name of the CA: servers
 * advertise the names of the CAs whose client certificates they accept, and some read them at their start only; Go, and
 * so Kubernetes, compares issuer and subject as bytes; and a node finds a CA in a bundle by its name. Everything else is
 * as in a CA certificate that is made for a new trust domain.
 */
import { toHex } from '../bytes.ts';
import { type CaKey, keyOf } from '../ca/ca-keys.ts';
import { CA_COMMON_NAMES } from '../ca/common-names.ts';
import { isProofOf } from '../ca/key-proof.ts';
import { madeOnly, obtainMadeVersion } from '../ca/made-version.ts';
import { readCaRecord, recordVersion } from '../ca/record-version.ts';
import { takeVersion } from '../ca/take-version.ts';
import { keyIdentifierOf } from '../certificate/assemble.ts';
import { writeAlternativeNames } from '../certificate/write-names.ts';
import { CA_KEY_USAGES } from '../certificate/write-tbs.ts';
import type {
  CaRecord,
  CaVersionName,
  MadeCaRecord,
  SubordinateCaRecord,
} from '../contract/ca-record.ts';
import type { CaVersion } from '../contract/trust-domain.ts';
import { OID } from '../der/oids.ts';
import { readDer } from '../der/read.ts';
import { Fault } from '../fault.ts';
import type { Service } from '../service.ts';
import { signingAlgorithmOf } from '../signing/signing-algorithm.ts';
import { writeCaTbs } from './ca-tbs.ts';
import { type DraftedCa, readDraftedCa, readIssuedCa, refuseDifferences } from './draft-ca.ts';

/** As for the CAs of a new trust domain. */
const BACKDATE_MS = 5 * 60 * 1000;
const DAY_MS = 24 * 60 * 60 * 1000;

/** What the new version is to be. */
export interface NewVersion {
  readonly name: CaVersionName;
  readonly key: CaKey;
  /** Of the version before, in DER. */
  readonly subject: Uint8Array;
  readonly validityDays: number;
}

/** What is recorded of a version: a draft, or a certificate from outside. */
export type RecordedDraft = MadeDraft | ImportedCertificate;

export interface MadeDraft {
  readonly record: MadeCaRecord;
  readonly tbs: Uint8Array;
  readonly drafted: DraftedCa;
}

export interface ImportedCertificate {
  readonly record: SubordinateCaRecord;
  readonly drafted: DraftedCa;
}

export const isImported = (draft: RecordedDraft): draft is ImportedCertificate =>
  draft.record.origin === 'subordinate';

/** undefined if none is recorded. */
export async function readRecordedDraft(
  service: Pick<Service, 'authority'>,
  name: CaVersionName,
): Promise<RecordedDraft | undefined> {
  const record = await readCaRecord(service, name);
  return record && inRecord(record);
}

const inRecord = (record: CaRecord): RecordedDraft =>
  record.origin === 'subordinate'
    ? { record, drafted: readIssuedCa(Buffer.from(record.certificate, 'base64')) }
    : draftIn(madeOnly(record));

function draftIn(record: MadeCaRecord): MadeDraft {
  const tbs = Buffer.from(record.tbs, 'base64');
  return { record, tbs, drafted: readDraftedCa(tbs, record.keySpec) };
}

/**
 * @returns the draft that counts: the existing one, or another call's, if that was faster. That may be a certificate from
 * outside, which was imported at the same time
 */
export async function recordNewVersion(
  service: Service,
  version: NewVersion,
): Promise<RecordedDraft> {
  const { name, key, subject } = version;
  const known = await readRecordedDraft(service, name);
  if (known) return soundOnly(known, name, subject);
  const now = service.now();
  const tbs = draft(version, now, Uint8Array.of(1, ...service.randomBytes(16)));
  const record = await recordVersion(service, {
    ...name,
    origin: 'made',
    keyId: key.keyId,
    keySpec: key.keySpec,
    publicKey: Buffer.from(key.publicKey).toString('base64'),
    decidedAt: now.toISOString(),
    tbs: Buffer.from(tbs).toString('base64'),
  });
  return soundOnly(inRecord(record), name, subject);
}

function draft(
  { name, key, subject, validityDays }: NewVersion,
  now: Date,
  serialNumber: Uint8Array,
): Uint8Array {
  const start = Math.floor(now.getTime() / 1000) * 1000;
  return writeCaTbs({
    serialNumber,
    algorithm: signingAlgorithmOf(key.keySpec),
    issuer: subject,
    subject,
    notBefore: new Date(start - BACKDATE_MS),
    notAfter: new Date(start + validityDays * DAY_MS),
    publicKey: key.publicKey,
    subjectKeyIdentifier: keyIdentifierOf(readDer(key.publicKey, 'publicKey')),
    keyUsages: CA_KEY_USAGES,
    alternativeNames: writeAlternativeNames([{ type: 'DNS', value: CA_COMMON_NAMES[name.ca] }]),
  });
}

/** What a recorded draft was asked to be valid for. */
export const validityDaysOf = ({ drafted: { notBefore, notAfter } }: MadeDraft): number =>
  (notAfter.getTime() - notBefore.getTime() - BACKDATE_MS) / DAY_MS;

const EXTENSIONS = [
  `${OID.keyUsage}!`,
  `${OID.basicConstraints}!`,
  OID.subjectKeyIdentifier,
  OID.subjectAltName,
].join();

/**
 * Compares what is recorded, as OpenSSL reads it where it can, with what the certificate of this version and key has to be.
 * Nothing else is signed, even if the record is forged.
 * @throws Fault lint-failed
 */
export function soundOnly(
  found: RecordedDraft,
  name: CaVersionName,
  subject: Uint8Array,
): RecordedDraft {
  if (isImported(found)) compareImported(found, name, subject);
  else compareDraft(found, name, subject);
  if (!(found.drafted.notBefore < found.drafted.notAfter))
    throw new Fault('lint-failed', `draft of ${name.ca}: it expires before it becomes valid`);
  return found;
}

/** Everything else was linted when it was imported: the outside CA has signed it, and nothing can change it. */
function compareImported(
  { record, drafted }: ImportedCertificate,
  name: CaVersionName,
  subject: Uint8Array,
): void {
  const proof = Buffer.from(record.proof, 'base64');
  const certificate = drafted.x509.raw;
  refuseDifferences(`certificate of ${name.ca}, version ${name.version}`, [
    ['record', `${record.trustDomain}/${record.ca}/${record.version}`, nameText(name)],
    ['CA', String(drafted.x509.ca), 'true'],
    ['subject', toHex(drafted.subject), toHex(subject)],
    ['public key', toHex(drafted.publicKey), toHex(keyOf(record).publicKey)],
    ['proof of this certificate', String(isProofOf(proof, name, certificate)), 'true'],
  ]);
}

function compareDraft(
  { drafted, record }: MadeDraft,
  name: CaVersionName,
  subject: Uint8Array,
): void {
  const key = keyOf(record);
  const { x509 } = drafted;
  refuseDifferences(`draft of ${name.ca}, version ${name.version}`, [
    ['record', `${record.trustDomain}/${record.ca}/${record.version}`, nameText(name)],
    ['CA', String(x509.ca), 'true'],
    ['issuer', toHex(drafted.issuer), toHex(subject)],
    ['subject', toHex(drafted.subject), toHex(subject)],
    ['public key', toHex(drafted.publicKey), toHex(key.publicKey)],
    [
      'subjectKeyIdentifier',
      toHex(drafted.subjectKeyIdentifier),
      toHex(keyIdentifierOf(readDer(key.publicKey, 'publicKey'))),
    ],
    ['extensions', drafted.extensions.join(), EXTENSIONS],
    ['names', x509.subjectAltName ?? '', `DNS:${CA_COMMON_NAMES[name.ca]}`],
    ['self-issued', String(x509.checkIssued(x509)), 'true'],
  ]);
}

const nameText = ({ trustDomain, ca, version }: CaVersionName) => `${trustDomain}/${ca}/${version}`;

/** Has the key of the new version sign what is recorded, unless an import has done that. */
export function obtainNewVersion(
  service: Service,
  name: CaVersionName,
  draft: RecordedDraft,
): Promise<CaVersion> {
  if (!isImported(draft)) return obtainMadeVersion(service, name, draft.record);
  const { record } = draft;
  const certificate = Buffer.from(record.certificate, 'base64');
  const taken = { origin: record.origin, certificate, chain: record.chain };
  return takeVersion(service, name, taken, keyOf(record));
}
