/** Fetches the CA certificates that go with the certificates that came, and asks the pins about them. */
import { existsSync, readFileSync } from 'node:fs';
import { isSubdomain } from '../../../lib/names.ts';
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import type { ObjectStore } from '../../../lib/store/object-store.ts';
import { caFileOf, type NodeFolders } from '../disk/places.ts';
import { hashOf } from './ca-cert-hash.ts';
import { judgeBundle, type Pins, type TrustedBy } from './pins.ts';
import { readBundle } from './read-bundle.ts';

export interface TrustedCa {
  readonly ca: CaName;
  readonly file: string;
  readonly bundle: string;
  /** Of the first certificate's public key. */
  readonly sha256: string;
  readonly trustedBy: TrustedBy;
}

const HOW_TO_PIN =
  'give its --ca-cert-hash or a --trust-bundle, from somebody who knows it, or say --trust-on-first-use';

/** All CAs or none: what is against any of them is a problem. */
export async function readTrust(
  exchange: ObjectStore,
  trustDomain: string,
  cas: readonly CaName[],
  folders: NodeFolders,
  pins: Pins,
): Promise<{ readonly trusted: readonly TrustedCa[]; readonly problems: readonly string[] }> {
  if (!isSubdomain(trustDomain))
    return { trusted: [], problems: ['the certificates name no trust domain'] };
  const trusted: TrustedCa[] = [];
  const problems: string[] = [];
  for (const ca of cas) {
    const published = await readBundle(exchange, trustDomain, ca);
    if ('problem' in published) {
      problems.push(published.problem);
      continue;
    }
    const bundle = published.pem;
    const file = caFileOf(ca, folders);
    const onDisk = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
    const judgement = judgeBundle(ca, bundle, onDisk, pins);
    if ('problem' in judgement)
      problems.push(
        judgement.isUnpinned ? `${judgement.problem}: ${HOW_TO_PIN}` : judgement.problem,
      );
    else trusted.push({ ca, file, bundle, sha256: hashOf(bundle), ...judgement });
  }
  const keys = new Set(trusted.map(({ sha256 }) => sha256));
  if (keys.size < trusted.length) problems.push('two of the CAs have the same key');
  return { trusted, problems };
}

/** Where nothing new came: the CA files on disk, held against what was given. */
export function judgeDisk(
  cas: readonly CaName[],
  folders: NodeFolders,
  pins: Pins,
): { readonly trusted: readonly TrustedCa[]; readonly problems: readonly string[] } {
  const trusted: TrustedCa[] = [];
  const problems: string[] = [];
  for (const ca of cas) {
    const file = caFileOf(ca, folders);
    if (!existsSync(file)) continue; // the preflight names it
    const bundle = readFileSync(file, 'utf8');
    const judgement = judgeBundle(ca, bundle, bundle, pins);
    if ('problem' in judgement) problems.push(`${file}: ${judgement.problem}`);
    else trusted.push({ ca, file, bundle, sha256: hashOf(bundle), ...judgement });
  }
  return { trusted, problems };
}
