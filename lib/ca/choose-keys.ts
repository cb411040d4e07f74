/** Which key each CA of a trust domain gets. */
import { Fault } from '../fault.ts';
import { CA_NAMES, type CaName } from '../profiles/certificate-names.ts';
import type { Service } from '../service.ts';
import { formatDocument, JSON_TYPE, readDocument } from '../store/documents.ts';
import type { CaKey, CaKeys } from './ca-keys.ts';
import { caRecordSchema, caRecordStem, keyOf } from './ca-record.ts';
import type { TrustDomainRequest } from './create-trust-domain.ts';
import { claimKey, claimSchema } from './key-claims.ts';
import type { TrustDomainDocument } from './trust-domain.ts';

const DEFAULT_KEY_SPEC = 'ECC_NIST_P256';

/** The key that a CA has, or will have. */
export interface FoundKey {
  readonly ca: CaName;
  readonly key: CaKey;
}

/** A CA that is on record keeps its key; the others get the key that is named, or one of their own. */
export async function findKeys(
  service: Service,
  caKeys: CaKeys,
  { trustDomain, keys, keySpec = DEFAULT_KEY_SPEC }: TrustDomainRequest,
): Promise<FoundKey[]> {
  const found: FoundKey[] = [];
  for (const ca of CA_NAMES) {
    const recordKey = `${caRecordStem(trustDomain, ca)}.json`;
    const record = await readDocument(service.authority, recordKey, caRecordSchema);
    const named = keys?.[ca];
    if (record) found.push({ ca, key: keyOf(record) });
    else if (named) found.push({ ca, key: await caKeys.find(named) });
    else found.push({ ca, key: await caKeys.ensure(trustDomain, ca, keySpec) });
  }
  return found;
}

/** Never one key for two CAs: what one of them signs, the other would vouch for. */
export async function claimKeys(
  service: Service,
  trustDomain: string,
  found: readonly FoundKey[],
): Promise<void> {
  const names = found.map(({ key }) => claimKey(key));
  const twice = found.find(({ key }, i) => names.indexOf(claimKey(key)) !== i);
  if (twice)
    throw new Fault(
      'request-malformed',
      `${twice.key.keyId} is named for two CAs: each needs a key of its own`,
    );
  for (const { ca, key } of found) {
    const claim = { trustDomain, ca, keyId: key.keyId };
    const name = claimKey(key);
    if ((await service.authority.create(name, formatDocument(claim), JSON_TYPE)) === 'created')
      continue;
    const stands = await readDocument(service.authority, name, claimSchema);
    if (stands?.trustDomain === trustDomain && stands.ca === ca) continue;
    throw new Fault(
      'request-malformed',
      `${key.keyId} is the key of ${stands?.ca} of trust domain ${stands?.trustDomain} already: ${ca} of ${trustDomain} needs one of its own`,
    );
  }
}

/** What exists is not changed: who asks for something else must know. */
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
        `trust domain ${known.trustDomain} exists, and its ${ca} has the ${version?.keySpec} key ${version?.keyId}: a CA that exists is not changed`,
      );
  }
}
