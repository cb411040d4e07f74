/** The certificate of a CA version that is made here: KMS signs what is recorded. */
import { assembleCertificate } from '../certificate/assemble.ts';
import {
  type CaRecord,
  type CaVersionName,
  caRecordKey,
  type MadeCaRecord,
} from '../contract/ca-record.ts';
import type { CaVersion } from '../contract/trust-domain.ts';
import { Fault } from '../fault.ts';
import type { Service } from '../service.ts';
import { signingAlgorithmOf } from '../signing/signing-algorithm.ts';
import { caKeyObject, keyOf } from './ca-keys.ts';
import { obtainVersion, signRecorded } from './record-version.ts';

/** @throws Fault request-malformed if the CA gets a certificate from outside */
export function madeOnly(record: CaRecord): MadeCaRecord {
  if (record.origin === undefined || record.origin === 'made') return record;
  const what = record.origin === 'adopted' ? 'is being adopted' : 'has a certificate to import';
  throw new Fault(
    'request-malformed',
    `${record.ca} of trust domain ${record.trustDomain} ${what} (${caRecordKey(record)}): finish that instead of creating it`,
  );
}

/** @returns the version for the document of the trust domain */
export const obtainMadeVersion = (
  service: Service,
  name: CaVersionName,
  record: MadeCaRecord,
): Promise<CaVersion> =>
  obtainVersion(service, name, record, () => signCertificate(service, record));

async function signCertificate(service: Service, record: MadeCaRecord): Promise<Uint8Array> {
  const tbs = Buffer.from(record.tbs, 'base64');
  const publicKey = caKeyObject(keyOf(record));
  const signature = await signRecorded(service, record, caRecordKey(record), tbs, publicKey);
  return assembleCertificate(tbs, { algorithm: signingAlgorithmOf(record.keySpec) }, signature);
}
