/** Records a CA version and signs what is recorded: of racing calls, the first record and the first certificate count. */
import { createHash, type KeyObject, verify } from 'node:crypto';
import { certificateToPem } from '../certificate/pem.ts';
import {
  type CaRecord,
  type CaVersionName,
  caCertificateKey,
  caRecordKey,
  caRecordSchema,
} from '../contract/ca-record.ts';
import type { CaVersion } from '../contract/trust-domain.ts';
import { Fault } from '../fault.ts';
import type { Service } from '../service.ts';
import { signingAlgorithmOf } from '../signing/signing-algorithm.ts';
import { formatDocument, JSON_TYPE, PEM_TYPE, readDocument, readText } from '../store/documents.ts';

export const readCaRecord = (
  { authority }: Pick<Service, 'authority'>,
  name: CaVersionName,
): Promise<CaRecord | undefined> => readDocument(authority, caRecordKey(name), caRecordSchema);

/** @returns the record that counts: another call's, if that was faster */
export async function recordVersion(service: Service, record: CaRecord): Promise<CaRecord> {
  const key = caRecordKey(record);
  await service.authority.create(key, formatDocument(record), JSON_TYPE);
  const winner = await readCaRecord(service, record);
  if (!winner) throw new Fault('unavailable', `${key}: written, but cannot be read`);
  return winner;
}

const MAX_PEM_BYTES = 64 * 1024;

/**
 * @param obtain the certificate in DER, for which KMS signs what the record holds
 * @returns the version for the document of the trust domain, with the stored certificate
 */
export async function obtainVersion(
  service: Service,
  name: CaVersionName,
  record: CaRecord,
  obtain: () => Promise<Uint8Array>,
): Promise<CaVersion> {
  const { version, keyId, keySpec, origin = 'made' } = record;
  const certificate = await storeOnce(service, caCertificateKey(name), async () =>
    certificateToPem(await obtain()),
  );
  return {
    version,
    origin,
    since: service.now().toISOString(),
    keyId,
    keySpec,
    certificate,
    ...(record.origin === 'subordinate' && { chain: record.chain }),
  };
}

/** @returns the stored text: that of another call, if it was faster */
export async function storeOnce(
  { authority }: Pick<Service, 'authority'>,
  key: string,
  obtain: () => Promise<string>,
): Promise<string> {
  const known = await readText(authority, key, MAX_PEM_BYTES);
  if (known !== undefined) return known;
  await authority.create(key, await obtain(), PEM_TYPE);
  const winner = await readText(authority, key, MAX_PEM_BYTES);
  if (winner === undefined) throw new Fault('unavailable', `${key}: written, but cannot be read`);
  return winner;
}

/**
 * @param recordKey key of the record that has the bytes
 * @throws Fault signature-invalid if the signature does not verify with the public key
 */
export async function signRecorded(
  service: Service,
  { keyId, keySpec }: Pick<CaRecord, 'keyId' | 'keySpec'>,
  recordKey: string,
  bytes: Uint8Array,
  publicKey: KeyObject,
): Promise<Uint8Array> {
  const algorithm = signingAlgorithmOf(keySpec);
  const digest = createHash(algorithm.hash).update(bytes).digest();
  const signature = await service.keys.sign(keyId, algorithm, digest, recordKey);
  if (!verify(algorithm.hash, bytes, publicKey, signature))
    throw new Fault('signature-invalid', `${keyId}: the signature does not verify`);
  return signature;
}
