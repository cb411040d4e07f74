/**
 * Adopts the CAs of an existing cluster: the trust domain gets the certificates that the nodes have, and leaf
 * certificates are signed by the same keys, which were imported into KMS. Nothing is written unless KMS has the key of
 * every certificate. As for a CA that is created, the bytes to be signed are recorded first, and a call that is repeated,
 * raced or interrupted finishes what is recorded.
 */
import { X509Certificate } from 'node:crypto';
import {
  type AdoptedCaRecord,
  type CaVersionName,
  caRecordKey,
  FIRST_CA_VERSION,
} from '../contract/ca-record.ts';
import type { CaVersion } from '../contract/trust-domain.ts';
import { Fault } from '../fault.ts';
import type { Service } from '../service.ts';
import { addCas, type CreatedTrustDomain, type NewCas } from './add-cas.ts';
import { isProofOf, PROOF_RANDOM_BYTES, writeProof } from './adoption-proof.ts';
import type { CaKey, CaKeys } from './ca-keys.ts';
import { claimKeys } from './choose-keys.ts';
import { type ExaminedCa, examineCas } from './prepare-adoption.ts';
import { obtainVersion, readCaRecord, recordVersion, signRecorded } from './record-version.ts';
import type { AdoptRequest } from './trust-domain-request.ts';

/** @throws Fault request-malformed if one of the CAs cannot be adopted, or its key has not been imported */
export function adoptCas(
  service: Service,
  caKeys: CaKeys,
  request: AdoptRequest,
): Promise<CreatedTrustDomain> {
  const { trustDomain } = request;
  return addCas(service, trustDomain, async (document) => {
    const { cas } = await examineCas(service, caKeys, request, document);
    refusePending(cas);
    const ready = cas.flatMap(({ key, ...ca }) => (key ? [{ ...ca, key }] : []));
    await claimKeys(service, trustDomain, FIRST_CA_VERSION, ready);
    const adopted: NewCas = {};
    for (const { ca, der, key } of ready) {
      const name = { trustDomain, ca, version: FIRST_CA_VERSION };
      adopted[ca] = await adoptVersion(service, name, der, key);
    }
    return adopted;
  });
}

function refusePending(cas: readonly ExaminedCa[]): void {
  const pending = cas.filter(({ state }) => state === 'pending-import');
  if (pending.length === 0) return;
  throw new Fault(
    'request-malformed',
    pending.map(({ ca, keyId }) => `${ca}: the key is not imported yet (${keyId})`).join('; '),
  );
}

async function adoptVersion(
  service: Service,
  name: CaVersionName,
  certificate: Uint8Array,
  key: CaKey,
): Promise<CaVersion> {
  const record = adoptedOnly(
    (await readCaRecord(service, name)) ??
      (await recordVersion(service, draftRecord(service, name, certificate, key))),
    name,
    certificate,
    key,
  );
  return obtainVersion(service, name, record, async () => {
    const { publicKey } = new X509Certificate(certificate);
    await signRecorded(service, record, Buffer.from(record.proof, 'base64'), publicKey);
    return certificate;
  });
}

function draftRecord(
  service: Service,
  { trustDomain, ca, version }: CaVersionName,
  certificate: Uint8Array,
  { keyId, keySpec, publicKey }: CaKey,
): AdoptedCaRecord {
  const random = service.randomBytes(PROOF_RANDOM_BYTES);
  const proof = writeProof({ trustDomain, ca, version }, certificate, random);
  return {
    trustDomain,
    ca,
    version,
    origin: 'adopted',
    keyId,
    keySpec,
    publicKey: Buffer.from(publicKey).toString('base64'),
    decidedAt: service.now().toISOString(),
    certificate: Buffer.from(certificate).toString('base64'),
    proof: Buffer.from(proof).toString('base64'),
  };
}

/** Another call may have been faster, with something else. Nothing but a proof is signed, even if the record is forged. */
function adoptedOnly(
  record: Awaited<ReturnType<typeof recordVersion>>,
  name: CaVersionName,
  certificate: Uint8Array,
  key: CaKey,
): AdoptedCaRecord {
  const isSame =
    record.origin === 'adopted' && Buffer.from(record.certificate, 'base64').equals(certificate);
  if (!isSame)
    throw new Fault(
      'request-malformed',
      `${name.ca} of trust domain ${name.trustDomain} is being created or adopted otherwise (${caRecordKey(name)})`,
    );
  const isSound =
    record.keyId === key.keyId && isProofOf(Buffer.from(record.proof, 'base64'), name, certificate);
  if (!isSound)
    throw new Fault('document-malformed', `${caRecordKey(name)}: not the proof of this adoption`);
  return record;
}
