/** The CA certificates of a new node: fetches what the service publishes, and checks it against the pins. */
import { existsSync } from 'node:fs';
import { certificatesIn } from '../../../lib/certificate/pem.ts';
import { readFile } from '../../../lib/files/read-file.ts';
import { isSubdomain } from '../../../lib/names.ts';
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import type { ObjectStore } from '../../../lib/store/object-store.ts';
import { caFileOf, type NodeFolders } from '../disk/places.ts';
import { hashOf } from './ca-cert-hash.ts';
import { isOptional } from './optional-ca.ts';
import { judgeBundle, type Pins } from './pins.ts';
import { type PublishedBundle, readBundle } from './read-bundle.ts';
import { HOW_TO_GIVE_A_REASON, type TrustReason } from './reasons.ts';

export interface TrustedCa {
  readonly ca: CaName;
  readonly file: string;
  readonly bundle: string;
  /** SHA-256 of the first certificate's public key. */
  readonly sha256: string;
  readonly trustedBy: TrustReason;
}

export interface FirstTrust {
  readonly trusted: readonly TrustedCa[];
  readonly problems: readonly string[];
  /** Why a CA that the node may lack is not trusted. */
  readonly notes: readonly string[];
}

/**
 * All CAs or none: a problem with one of them means that nothing is written. Only a CA that the node may lack is left out
 * if nothing vouches for it.
 */
export async function readTrust(
  exchange: ObjectStore,
  trustDomain: string,
  cas: readonly CaName[],
  folders: NodeFolders,
  pins: Pins,
): Promise<FirstTrust> {
  if (!isSubdomain(trustDomain))
    return { trusted: [], problems: ['the certificates name no trust domain'], notes: [] };
  const bundles = await Promise.all(cas.map((ca) => readBundle(exchange, trustDomain, ca)));
  const judged = cas.map((ca, i) => judgePublished(ca, bundles[i], folders, pins));
  const trusted = judged.flatMap((one) => one.trusted ?? []);
  const problems = judged.flatMap((one) => one.problem ?? []);
  if (shareKeys(trusted)) problems.push('two of the CAs have the same key');
  return { trusted, problems, notes: judged.flatMap((one) => one.note ?? []) };
}

interface Judged {
  readonly trusted?: TrustedCa;
  readonly problem?: string;
  readonly note?: string;
}

function judgePublished(
  ca: CaName,
  published: PublishedBundle | undefined,
  folders: NodeFolders,
  pins: Pins,
): Judged {
  if (!published) return {};
  if ('problem' in published) {
    const mayLack = published.isAbsent && isOptional(ca) && pins.hashes[ca].length === 0;
    return mayLack ? {} : { problem: published.problem };
  }
  const bundle = published.pem;
  const file = caFileOf(ca, folders);
  const onDisk = existsSync(file) ? readText(file) : undefined;
  const decision = judgeBundle(ca, bundle, onDisk, pins);
  if ('trustedBy' in decision)
    return { trusted: { ca, file, bundle, sha256: hashOf(bundle), ...decision } };
  const { problem, isUnpinned } = decision;
  if (!isUnpinned) return { problem };
  return isOptional(ca)
    ? { note: `${file} was not written: ${problem}; ${HOW_TO_GIVE_A_REASON}` }
    : { problem: `${problem}: ${HOW_TO_GIVE_A_REASON}` };
}

function shareKeys(trusted: readonly TrustedCa[]): boolean {
  const keys = trusted.flatMap(({ bundle }) => [...new Set(certificatesIn(bundle).map(hashOf))]);
  return new Set(keys).size < keys.length;
}

/** If no certificate was issued, checks the CA files on disk against the pins. */
export function judgeDisk(cas: readonly CaName[], folders: NodeFolders, pins: Pins): FirstTrust {
  const trusted: TrustedCa[] = [];
  const problems: string[] = [];
  for (const ca of cas) {
    const file = caFileOf(ca, folders);
    if (!existsSync(file)) continue; // the preflight checks report it
    const bundle = readText(file);
    const decision = judgeBundle(ca, bundle, bundle, pins);
    if ('problem' in decision) problems.push(`${file}: ${decision.problem}`);
    else trusted.push({ ca, file, bundle, sha256: hashOf(bundle), ...decision });
  }
  return { trusted, problems, notes: [] };
}

const readText = (file: string) => readFile(file).bytes.toString('utf8');
