/** The CA certificates of a new node: fetches what the service publishes, and checks it against the pins. */
import { existsSync } from 'node:fs';
import { readFile } from '../../../lib/files/read-file.ts';
import { isSubdomain } from '../../../lib/names.ts';
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import type { ObjectStore } from '../../../lib/store/object-store.ts';
import { caFileOf, type NodeFolders } from '../disk/places.ts';
import { hashOf } from './ca-cert-hash.ts';
import { judgeBundle, type Pins } from './pins.ts';
import { readBundle } from './read-bundle.ts';
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
}

/** All CAs or none: a problem with one of them means that nothing is written. */
export async function readTrust(
  exchange: ObjectStore,
  trustDomain: string,
  cas: readonly CaName[],
  folders: NodeFolders,
  pins: Pins,
): Promise<FirstTrust> {
  if (!isSubdomain(trustDomain))
    return { trusted: [], problems: ['the certificates name no trust domain'] };
  const trusted: TrustedCa[] = [];
  const problems: string[] = [];
  const bundles = await Promise.all(cas.map((ca) => readBundle(exchange, trustDomain, ca)));
  for (const [i, ca] of cas.entries()) {
    const published = bundles[i];
    if (!published) continue;
    if ('problem' in published) {
      problems.push(published.problem);
      continue;
    }
    const bundle = published.pem;
    const file = caFileOf(ca, folders);
    const onDisk = existsSync(file) ? readText(file) : undefined;
    const decision = judgeBundle(ca, bundle, onDisk, pins);
    if ('problem' in decision)
      problems.push(
        decision.isUnpinned ? `${decision.problem}: ${HOW_TO_GIVE_A_REASON}` : decision.problem,
      );
    else trusted.push({ ca, file, bundle, sha256: hashOf(bundle), ...decision });
  }
  const keys = new Set(trusted.map(({ sha256 }) => sha256));
  if (keys.size < trusted.length) problems.push('two of the CAs have the same key');
  return { trusted, problems };
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
  return { trusted, problems };
}

const readText = (file: string) => readFile(file).bytes.toString('utf8');
