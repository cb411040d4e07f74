/** Which key each CA of a trust domain gets. */

import { claimSchema } from '../contract/ca-key-claim.ts';
import { caRecordKey, caRecordSchema } from '../contract/ca-record.ts';
import type { TrustDomainDocument } from '../contract/trust-domain.ts';
import { Fault } from '../fault.ts';
import { CA_NAMES, type CaName } from '../profiles/certificate-names.ts';
import type { Service } from '../service.ts';
import { formatDocument, JSON_TYPE, readDocument } from '../store/documents.ts';
import { type CaKey, type CaKeys, keyOf } from './ca-keys.ts';
import { claimKeyOf } from './key-claims.ts';
import type { TrustDomainRequest } from './trust-domain-request.ts';

const DEFAULT_KEY_SPEC = 'ECC_NIST_P256';

/** The key that a CA has, or will have. */
export interface FoundKey {
  readonly ca: CaName;
  readonly key: CaKey;
}

/** A recorded CA version keeps its key; the others get the key that the request names, or a new one. */
export async function findKeys(
  service: Service,
  caKeys: CaKeys,
  { trustDomain, keys, keySpec = DEFAULT_KEY_SPEC }: TrustDomainRequest,
  version: number,
): Promise<FoundKey[]> {
  const found: FoundKey[] = [];
  for (const ca of CA_NAMES) {
    const recordKey = caRecordKey({ trustDomain, ca, version });
    const record = await readDocument(service.authority, recordKey, caRecordSchema);
    const named = keys?.[ca];
    if (record) found.push({ ca, key: keyOf(record) });
    else if (named) found.push({ ca, key: await caKeys.find(named) });
    else found.push({ ca, key: await caKeys.ensure({ trustDomain, ca, version }, keySpec) });
  }
  return found;
}

/**
 * Two CAs, or two versions of one, never share a key: certificates signed by one would also verify with the other.
 */
export async function claimKeys(
  service: Service,
  trustDomain: string,
  version: number,
  found: readonly FoundKey[],
): Promise<void> {
  const names = found.map(({ key }) => claimKeyOf(key));
  const twice = found.find(({ key }, i) => names.indexOf(claimKeyOf(key)) !== i);
  if (twice)
    throw new Fault(
      'request-malformed',
      `${twice.key.keyId} is named for two CAs: each needs a different key`,
    );
  for (const { ca, key } of found) {
    const claim = { trustDomain, ca, version, keyId: key.keyId };
    const name = claimKeyOf(key);
    if ((await service.authority.create(name, formatDocument(claim), JSON_TYPE)) === 'created')
      continue;
    const known = await readDocument(service.authority, name, claimSchema);
    if (known?.trustDomain === trustDomain && known.ca === ca && known.version === version)
      continue;
    throw new Fault(
      'request-malformed',
      `${key.keyId} is already the key of ${known?.ca} of trust domain ${known?.trustDomain}, version ${known?.version}: ${ca} of ${trustDomain}, version ${version}, needs a different key`,
    );
  }
}

/** Existing CAs are not changed; a caller who requests different ones gets an error. */
export function refuseOtherwise(known: TrustDomainDocument, request: TrustDomainRequest): void {
  for (const ca of CA_NAMES) {
    const { signing, versions } = known.cas[ca];
    const version = versions.find((candidate) => candidate.version === signing);
    const named = request.keys?.[ca];
    const wrongKey = named !== undefined && named !== version?.keyId;
    const wrongSpec =
      named === undefined && request.keySpec !== undefined && request.keySpec !== version?.keySpec;
    if (wrongKey || wrongSpec)
      throw new Fault(
        'request-malformed',
        `trust domain ${known.trustDomain} exists, and its ${ca} has the ${version?.keySpec} key ${version?.keyId}: existing CAs are not changed`,
      );
  }
}
