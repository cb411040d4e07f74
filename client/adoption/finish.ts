/** The third part: imports the wrapped keys, and has the service adopt the CAs. */
import { X509Certificate } from 'node:crypto';
import { ADOPTABLE_CAS, type AdoptableCa } from '../../lib/ca/trust-domain-request.ts';
import { CommandError } from '../errors.ts';
import { type CaHashes, formatCaCertHash, hashOf } from '../node/trust/ca-cert-hash.ts';
import type { TrustDomainSummary } from '../operator/trust-domain.ts';
import type { AdoptDeps } from './adopt.ts';
import {
  type AdoptionFile,
  digestOf,
  hasPassed,
  readAdoptionFile,
  readWrappedKeys,
} from './carried-files.ts';
import { importOne, type WrappedKey } from './import-keys.ts';
import { adoptCas, type Prepared, prepareAdoption, type WantedCa } from './service.ts';

export interface FinishRequest {
  readonly trustDomain: string;
  readonly folder: string;
  /** Of the CAs' public keys, from the control plane. The folder alone could name CAs of someone else. */
  readonly hashes: CaHashes;
}

/** A key that has been imported is not imported again, so that an interrupted run is resumed by running it again. */
export async function finish(
  deps: AdoptDeps,
  { trustDomain, folder, hashes }: FinishRequest,
): Promise<TrustDomainSummary> {
  const file = readAdoptionFile(folder);
  if (file.trustDomain !== trustDomain)
    throw new CommandError(
      'usage',
      `${folder}: the adoption was begun for trust domain ${file.trustDomain}, not ${trustDomain}`,
    );
  const wanted = wantedCas(file, folder);
  checkHashes(wanted, hashes);
  const prepared = await prepareAdoption(deps.invokeCreateCa, trustDomain, wanted);
  const pending = prepared.filter(({ state }) => state === 'pending-import');
  const imports = importsOf(file, folder, pending, deps.now());
  if (imports.length > 0) await importAll(deps, imports);
  deps.progress(`adopting ${prepared.map(({ ca }) => ca).join(', ')} ...`);
  return adoptCas(deps.invokeCreateCa, trustDomain, prepared);
}

function wantedCas({ cas }: AdoptionFile, folder: string): WantedCa[] {
  return ADOPTABLE_CAS.flatMap((ca) => {
    const entry = cas[ca];
    return entry
      ? [{ ca, certificate: parse(folder, ca, entry.certificate), keyId: entry.keyId }]
      : [];
  });
}

function parse(folder: string, ca: AdoptableCa, pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw new CommandError(
      'usage',
      `${folder}: the certificate of ${ca} in adoption.json cannot be read`,
      'begin again with cakeless trust-domain adopt --begin',
    );
  }
}

function checkHashes(wanted: readonly WantedCa[], hashes: CaHashes): void {
  const objections = wanted.flatMap(({ ca, certificate }) => {
    const found = formatCaCertHash(ca, certificate);
    if (hashes[ca].length === 0) return [`${ca}: its hash is missing; give it with --ca-cert-hash`];
    return hashes[ca].length === 1 && hashes[ca][0] === hashOf(certificate)
      ? []
      : [`${ca}: the certificate in the folder has the hash ${found}, which was not given`];
  });
  if (objections.length > 0)
    throw new CommandError(
      'check-failed',
      [
        'these CAs are not known to be those of the cluster, and nothing was changed:',
        ...objections,
      ],
      'use the hashes that cakeless trust-domain wrap-keys or inspect-pki printed on a control plane',
    );
}

async function importAll(deps: AdoptDeps, imports: readonly WrappedKey[]): Promise<void> {
  const keyImport = await deps.keyImport();
  for (const one of imports) {
    deps.progress(`importing the key of ${one.ca} into ${one.keyId} ...`);
    await importOne(keyImport, one, BEGIN_AGAIN);
  }
}

const BEGIN_AGAIN =
  'run cakeless trust-domain adopt --begin, wrap-keys and --finish again; what has been imported stays';

/** Everything is checked before the first import. */
function importsOf(
  file: AdoptionFile,
  folder: string,
  pending: readonly Prepared[],
  now: Date,
): WrappedKey[] {
  if (pending.length === 0) return [];
  const { cas } = readWrappedKeys(folder, file.trustDomain);
  const objections: string[] = [];
  const imports = pending.flatMap(({ ca, keyId }): WrappedKey[] => {
    const parameters = file.cas[ca]?.import;
    const wrapped = cas[ca];
    const objection = objectionTo(parameters, wrapped, now);
    if (objection !== undefined) objections.push(`${ca}: ${objection}`);
    return parameters && wrapped
      ? [
          {
            ca,
            keyId,
            token: Buffer.from(parameters.token, 'base64'),
            wrapped: Buffer.from(wrapped.encryptedKeyMaterial, 'base64'),
          },
        ]
      : [];
  });
  if (objections.length === 0) return imports;
  throw new CommandError(
    'check-failed',
    ['these keys cannot be imported, and nothing was changed:', ...objections],
    BEGIN_AGAIN,
  );
}

function objectionTo(
  parameters: NonNullable<AdoptionFile['cas'][AdoptableCa]>['import'],
  wrapped: { readonly wrappingKeyHash: string } | undefined,
  now: Date,
): string | undefined {
  if (!parameters) return 'it had a key when the adoption was begun, and has none now';
  if (!wrapped) return 'its key was not wrapped';
  if (wrapped.wrappingKeyHash !== digestOf(Buffer.from(parameters.wrappingKey, 'base64')))
    return 'its key was wrapped for an earlier run of --begin';
  if (hasPassed(parameters.validTo, now))
    return `what KMS issued for the import expired at ${parameters.validTo}`;
  return undefined;
}
