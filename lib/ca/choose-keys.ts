/** Which key each CA of a trust domain gets. */
import { Fault } from '../fault.ts';
import { CA_NAMES, type CaName } from '../profiles/certificate-names.ts';
import type { Service } from '../service.ts';
import { readDocument } from '../store/documents.ts';
import type { CaKey, CaKeys } from './ca-keys.ts';
import { caRecordSchema, caRecordStem, keyOf } from './ca-record.ts';
import type { TrustDomainRequest } from './create-trust-domain.ts';
import { type TrustDomainDocument, trustDomainSchema } from './trust-domain.ts';

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
export async function refuseSharedKeys(
  service: Service,
  trustDomain: string,
  found: readonly FoundKey[],
): Promise<void> {
  const users = new Map<string, string>();
  for await (const { key } of service.authority.list('trust/')) {
    const other = await readDocument(service.authority, key, trustDomainSchema);
    if (!other || other.trustDomain === trustDomain) continue;
    for (const ca of CA_NAMES)
      for (const { keyId } of other.cas[ca].versions)
        users.set(keyId, `${ca} of ${other.trustDomain}`);
  }
  for (const { ca, key } of found) {
    const user = users.get(key.keyId);
    if (user !== undefined)
      throw new Fault(
        'request-malformed',
        `${key.keyId} is the key of ${user} already: ${ca} needs one of its own`,
      );
    users.set(key.keyId, `${ca} of ${trustDomain}`);
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
