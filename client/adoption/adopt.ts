/**
 * Adopts the CAs of a cluster in one process on a control plane: checks the files, has the service find the KMS keys,
 * imports what is missing, and has the service compare and adopt. Every step can be repeated, so that an interrupted run
 * is resumed by running it again.
 */
import type { KeyObject, X509Certificate } from 'node:crypto';
import type { AdoptableCa } from '../../lib/ca/trust-domain-request.ts';
import { CommandError } from '../errors.ts';
import type { InvokeCreateCa } from '../operator/create-ca.ts';
import type { TrustDomainSummary } from '../operator/trust-domain.ts';
import { type ImportDeps, importKeys } from './import-keys.ts';
import { findSharedKeys, inspectCa, objectionsTo } from './inspect.ts';
import type { PkiCa } from './read-pki.ts';
import { adoptCas, prepareAdoption } from './service.ts';

export interface AdoptDeps extends ImportDeps {
  invokeCreateCa: InvokeCreateCa;
  now(): Date;
}

export interface AdoptRequest {
  readonly trustDomain: string;
  /** As `readPki` returns them. */
  readonly cas: readonly PkiCa[];
  /** KMS keys to use instead of those of the deployment: ARNs or aliases. */
  readonly keys: Readonly<Partial<Record<AdoptableCa, string>>>;
}

export async function adopt(
  deps: AdoptDeps,
  { trustDomain, cas, keys }: AdoptRequest,
): Promise<TrustDomainSummary> {
  const checked = checkCas(cas, deps.now(), 'may-be-missing');
  deps.progress(`preparing the adoption of ${namesOf(checked)} as trust domain ${trustDomain} ...`);
  const wanted = checked.map(({ ca, certificate }) => ({ ca, certificate, keyId: keys[ca] }));
  const prepared = await prepareAdoption(deps.invokeCreateCa, trustDomain, wanted);
  const pending = prepared.filter(({ state }) => state === 'pending-import');
  const withKeys = pending.map((one) => ({ ...one, key: keyFor(one.ca, checked) }));
  await importKeys(deps, withKeys);
  deps.progress(`adopting ${namesOf(checked)} ...`);
  return adoptCas(deps.invokeCreateCa, trustDomain, prepared);
}

export interface CheckedCa {
  readonly ca: AdoptableCa;
  readonly certificate: X509Certificate;
  readonly keyFile: string;
  /** undefined if its file does not exist. */
  readonly key: KeyObject | undefined;
}

/** @param keys a key that was imported earlier need not be on the node any longer. @throws CommandError with all objections */
export function checkCas(
  cas: readonly PkiCa[],
  now: Date,
  keys: 'required' | 'may-be-missing' | 'unused',
): CheckedCa[] {
  const objections = [
    ...cas.flatMap((pki) => objectionsTo(withoutKeyIf(keys, pki, now))),
    ...findSharedKeys(cas),
  ];
  if (objections.length > 0) throw notAdopted(objections);
  return cas.flatMap(({ ca, certificate: file, keyFile, key }) =>
    file.state === 'found'
      ? [
          {
            ca,
            certificate: file.certificate,
            keyFile,
            key: key.state === 'found' ? key.key : undefined,
          },
        ]
      : [],
  );
}

function withoutKeyIf(keys: 'required' | 'may-be-missing' | 'unused', pki: PkiCa, now: Date) {
  const inspected = inspectCa(pki, now);
  const isIgnored = keys === 'unused' || (keys === 'may-be-missing' && inspected.key === 'missing');
  return isIgnored ? { ...inspected, key: 'not-compared' as const } : inspected;
}

function keyFor(wanted: AdoptableCa, checked: readonly CheckedCa[]): KeyObject {
  const found = checked.find(({ ca }) => ca === wanted);
  if (found?.key) return found.key;
  throw notAdopted([
    `${found?.keyFile}: does not exist, and the key of ${wanted} has not been imported yet; run the command on a control plane that has it`,
  ]);
}

const notAdopted = (objections: readonly string[]) =>
  new CommandError(
    'check-failed',
    ['these CAs cannot be adopted, and nothing was changed:', ...objections],
    'run cakeless trust-domain inspect-pki for everything that was found',
  );

const namesOf = (cas: readonly { readonly ca: AdoptableCa }[]) =>
  cas.map(({ ca }) => ca).join(', ');
