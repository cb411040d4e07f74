/**
 * Takes a certificate from outside as that of a CA version: records it with a proof, has KMS sign the proof, and stores
 * the certificate. A call that is repeated, raced or interrupted finishes what is recorded.
 */
import { X509Certificate } from 'node:crypto';
import { certificateToPem } from '../certificate/pem.ts';
import {
  type AdoptedCaRecord,
  type CaRecord,
  type CaVersionName,
  caRecordKey,
  type SubordinateCaRecord,
} from '../contract/ca-record.ts';
import type { CaVersion } from '../contract/trust-domain.ts';
import { Fault } from '../fault.ts';
import type { Service } from '../service.ts';
import type { CaKey } from './ca-keys.ts';
import { isProofOf, PROOF_RANDOM_BYTES, writeProof } from './key-proof.ts';
import type { SubordinateCertificate } from './read-subordinate.ts';
import { obtainVersion, readCaRecord, recordVersion, signRecorded } from './record-version.ts';

export type TakenCertificate =
  | {
      readonly origin: 'adopted';
      /** DER. */
      readonly certificate: Uint8Array;
    }
  | {
      readonly origin: 'subordinate';
      readonly certificate: Uint8Array;
      /** The certificates above it, as this release writes PEM. */
      readonly chain: string;
    };

/** A subordinate CA's certificate as it is taken, whatever the text of its PEM was. */
export const takenFrom = ({
  certificate,
  chain,
}: SubordinateCertificate): Extract<TakenCertificate, { origin: 'subordinate' }> => ({
  origin: 'subordinate',
  certificate,
  chain: chain.map(certificateToPem).join(''),
});

type TakenRecord = AdoptedCaRecord | SubordinateCaRecord;

/** @param key whose public key is that of the certificate */
export async function takeVersion(
  service: Service,
  name: CaVersionName,
  taken: TakenCertificate,
  key: CaKey,
): Promise<CaVersion> {
  const record = takenOnly(
    (await readCaRecord(service, name)) ??
      (await recordVersion(service, draftRecord(service, name, taken, key))),
    name,
    taken,
    key,
  );
  return obtainVersion(service, name, record, async () => {
    const { publicKey } = new X509Certificate(taken.certificate);
    const proof = Buffer.from(record.proof, 'base64');
    await signRecorded(service, record, caRecordKey(name), proof, publicKey);
    return taken.certificate;
  });
}

function draftRecord(
  service: Service,
  { trustDomain, ca, version }: CaVersionName,
  taken: TakenCertificate,
  { keyId, keySpec, publicKey }: CaKey,
): TakenRecord {
  const { certificate } = taken;
  const random = service.randomBytes(PROOF_RANDOM_BYTES);
  const proof = writeProof({ trustDomain, ca, version }, certificate, random);
  const origins =
    taken.origin === 'adopted'
      ? { origin: taken.origin }
      : { origin: taken.origin, chain: taken.chain };
  return {
    trustDomain,
    ca,
    version,
    ...origins,
    keyId,
    keySpec,
    publicKey: Buffer.from(publicKey).toString('base64'),
    decidedAt: service.now().toISOString(),
    certificate: Buffer.from(certificate).toString('base64'),
    proof: Buffer.from(proof).toString('base64'),
  };
}

/** Another call may have been faster, with something else. Nothing but a proof is signed, even if the record is forged. */
function takenOnly(
  record: CaRecord,
  name: CaVersionName,
  taken: TakenCertificate,
  key: CaKey,
): TakenRecord {
  if (!isRecordOf(record, taken))
    throw new Fault(
      'request-malformed',
      `${name.ca} of trust domain ${name.trustDomain} is being created, adopted or imported otherwise (${caRecordKey(name)})`,
    );
  const proof = Buffer.from(record.proof, 'base64');
  if (record.keyId !== key.keyId || !isProofOf(proof, name, taken.certificate))
    throw new Fault(
      'document-malformed',
      `${caRecordKey(name)}: not the proof of this certificate`,
    );
  return record;
}

/** Whether a record is that of the same certificate, from the same origin and with the same chain. */
export function isRecordOf(record: CaRecord, taken: TakenCertificate): record is TakenRecord {
  if (record.origin !== taken.origin) return false;
  const isSame = Buffer.from(record.certificate, 'base64').equals(taken.certificate);
  if (record.origin === 'adopted' || taken.origin === 'adopted') return isSame;
  return isSame && record.chain === taken.chain;
}
