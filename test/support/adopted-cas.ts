/** The CAs of existing clusters (test/fixtures/adopted-cas), each set of three, and trust domains that adopted them. */
import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { CreatedTrustDomain } from '../../lib/ca/add-cas.ts';
import { adoptCas } from '../../lib/ca/adopt.ts';
import { prepareAdoption } from '../../lib/ca/prepare-adoption.ts';
import {
  ADOPTABLE_CAS,
  type AdoptableCa,
  type CasToAdopt,
  type CaToAdopt,
} from '../../lib/ca/trust-domain-request.ts';
import { BUNDLE_PATHS } from '../../lib/contract/trust-domain.ts';
import type { Service } from '../../lib/service.ts';
import type { SoftKeys } from './soft-keys.ts';

const root = resolve('test', 'fixtures', 'adopted-cas');

/** When all of them are valid: they were made on 2026-11-27. */
export const AFTER_ADOPTION = new Date('2026-12-24T12:00:00Z');

/** Names of the sets: by which program the CAs were made. */
export const adoptedSets = (): string[] =>
  readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();

export interface ExistingCa {
  /** The file as it is on the nodes. */
  readonly certificate: string;
  readonly x509: X509Certificate;
  /** PEM. */
  readonly privateKey: string;
}

export type ExistingCas = Readonly<Record<AdoptableCa, ExistingCa>>;

export const readAdoptedSet = (name: string): ExistingCas =>
  Object.fromEntries(
    ADOPTABLE_CAS.map((ca) => {
      const file = join(root, name, BUNDLE_PATHS[ca]);
      const certificate = readFileSync(file, 'utf8');
      const privateKey = readFileSync(file.replace(/\.crt$/, '.key'), 'utf8');
      const x509 = new X509Certificate(certificate);
      return [ca, { certificate, x509, privateKey }];
    }),
  ) as Record<AdoptableCa, ExistingCa>;

/** @param cas all by default */
export const toAdopt = (
  existing: ExistingCas,
  cas: readonly AdoptableCa[] = ADOPTABLE_CAS,
): CasToAdopt =>
  Object.fromEntries(
    cas.map((ca): [string, CaToAdopt] => [ca, { certificate: existing[ca].certificate }]),
  );

/** Prepares, and imports the keys, as ImportKeyMaterial does. */
export async function importAll(
  service: Service,
  keys: SoftKeys,
  trustDomain: string,
  existing: ExistingCas,
  cas: readonly AdoptableCa[] = ADOPTABLE_CAS,
): Promise<void> {
  const request = { action: 'prepare-adoption', trustDomain, cas: toAdopt(existing, cas) } as const;
  const prepared = await prepareAdoption(service, keys, request);
  for (const ca of cas) {
    const { keyId, state } = prepared.cas[ca] ?? {};
    if (keyId !== undefined && state === 'pending-import')
      keys.import(keyId, existing[ca].privateKey);
  }
}

export async function adoptAll(
  service: Service,
  keys: SoftKeys,
  trustDomain: string,
  existing: ExistingCas,
  cas: readonly AdoptableCa[] = ADOPTABLE_CAS,
): Promise<CreatedTrustDomain> {
  await importAll(service, keys, trustDomain, existing, cas);
  return adoptCas(service, keys, { action: 'adopt', trustDomain, cas: toAdopt(existing, cas) });
}
