/**
 * What is wrong with a certificate apart from its age. kubeadm checks none of this, and a component with such a
 * certificate fails when it next starts or is called.
 */

import { X509Certificate } from 'node:crypto';
import { isoDate } from '../../../lib/certificate/iso-date.ts';
import { certificatesIn } from '../../../lib/certificate/pem.ts';
import { type AlternativeName, formatName } from '../../../lib/csr/alternative-names.ts';
import { OID } from '../../../lib/der/oids.ts';
import { DerError } from '../../../lib/der/read.ts';
import type { ExtendedKeyUsage } from '../../../lib/profiles/profiles.ts';
import { contentsOf } from '../csr/csr-contents.ts';
import { isCommonName } from '../csr/pattern.ts';
import {
  hasDigitalSignature,
  isDeclaredCa,
  readCertificateFields,
} from '../disk/certificate-fields.ts';
import { chainOf, findPath } from '../trust/path.ts';

export interface Wanted {
  readonly extendedKeyUsages: readonly ExtendedKeyUsage[];
  /** `{node}` matches any name. */
  readonly commonName: string;
  /** Every set of organizations that any kubeadm release gives it. */
  readonly organizations: readonly (readonly string[])[];
  /** Names that it must have. */
  readonly names: readonly AlternativeName[];
  /** PEM text of the CA file; undefined if it is missing. */
  readonly trustBundle: string | undefined;
  /** Whether the node may lack the CA file: then the signature is not checked. */
  readonly mayLackCa?: boolean;
  /** Path of the CA file, for messages. */
  readonly caFile: string;
}

/** @param chain PEM blocks, leaf first */
export function problemsOf(chain: readonly string[], wanted: Wanted, now: Date): string[] {
  const leaf = new X509Certificate(chain[0] ?? '');
  return [
    ...(new Date(leaf.validFrom) > now
      ? [`it is not valid before ${isoDate(leaf.validFrom)}`]
      : []),
    ...problemsOfChain(chain, wanted),
    ...problemsOfFields(leaf, wanted),
  ];
}

/** A certificate that is not DER does not stop the list. */
function problemsOfFields(leaf: X509Certificate, wanted: Wanted): string[] {
  try {
    return [...problemsOfUsages(leaf, wanted), ...problemsOfContents(leaf, wanted)];
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    return [`it cannot be read: ${error.message}`];
  }
}

function problemsOfChain(
  chain: readonly string[],
  { trustBundle, caFile, mayLackCa = false }: Wanted,
): string[] {
  if (trustBundle === undefined && mayLackCa) return [];
  if (trustBundle === undefined)
    return [`${caFile} is missing or cannot be read, so the signature cannot be checked`];
  return chainsTo(chain, trustBundle) ? [] : [`${NO_CHAIN}${caFile}`];
}

/** @param chain PEM blocks, leaf first. A certificate that cannot be parsed proves nothing */
export function chainsTo(chain: readonly string[], trustBundle: string): boolean {
  const presented = chainOf(chain);
  const anchors = certificatesIn(trustBundle).flatMap((block) => chainOf([block]) ?? []);
  return presented !== undefined && findPath(presented, anchors) !== undefined;
}

const NO_CHAIN = 'it does not chain to a certificate in ';

const MISSING_NAMES = 'it lacks the names';

export const isAboutNames = (problem: string) => problem.startsWith(MISSING_NAMES);

export const isAboutChain = (problem: string) => problem.startsWith(NO_CHAIN);

function problemsOfUsages(leaf: X509Certificate, { extendedKeyUsages }: Wanted): string[] {
  const fields = readCertificateFields(leaf);
  // the extended key usages, as OpenSSL reads them
  const got: readonly string[] = leaf.keyUsage ?? [];
  const wanted = extendedKeyUsages.map((usage) => OID[usage] as string);
  return [
    ...wanted
      .filter((usage) => !got.includes(usage))
      .map((usage) => `it lacks the extended key usage ${nameOfUsage(usage)}`),
    ...got
      .filter((usage) => !wanted.includes(usage))
      .map(
        (usage) => `it has the extended key usage ${nameOfUsage(usage)}, which it should not have`,
      ),
    ...(hasDigitalSignature(fields) === false ? ['it lacks the key usage digitalSignature'] : []),
    ...(isDeclaredCa(fields) ? ['it is a CA'] : []),
  ];
}

function nameOfUsage(oid: string): string {
  return Object.entries(OID).find(([, value]) => value === oid)?.[0] ?? oid;
}

function problemsOfContents(leaf: X509Certificate, wanted: Wanted): string[] {
  const { subject, names } = contentsOf(leaf).contents;
  const has = new Set(names.map(formatName));
  const missing = wanted.names.map(formatName).filter((name) => !has.has(name));
  const organizations = sorted(subject.organizations);
  return [
    ...(isCommonName(subject.commonName, wanted.commonName, undefined)
      ? []
      : [`its common name is ${subject.commonName || 'missing'}, not ${wanted.commonName}`]),
    ...(wanted.organizations.some((set) => sorted(set) === organizations)
      ? []
      : [
          `its organizations are ${organizations || 'missing'}, not ${wanted.organizations.map((set) => sorted(set) || 'empty').join(' or ')}`,
        ]),
    ...(missing.length > 0 ? [`${MISSING_NAMES} ${missing.join(', ')}`] : []),
  ];
}

const sorted = (values: readonly string[]) => [...values].sort().join(', ');
