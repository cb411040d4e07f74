/** Which key each CA of a trust domain gets. */

import { claimSchema } from '../contract/ca-key-claim.ts';
import { casOf, signingVersionOf, type TrustDomainDocument } from '../contract/trust-domain.ts';
import { Fault } from '../fault.ts';
import { CA_NAMES, type CaName } from '../profiles/certificate-names.ts';
import type { Service } from '../service.ts';
import type { CaKeySpec } from '../signing/signing-algorithm.ts';
import { formatDocument, JSON_TYPE, readDocument } from '../store/documents.ts';
import { type CaKey, type CaKeys, keyOf } from './ca-keys.ts';
import { claimKeyOf } from './key-claims.ts';
import { readCaRecord } from './record-version.ts';
import type { TrustDomainRequest } from './trust-domain-request.ts';

export const DEFAULT_KEY_SPEC = 'ECC_NIST_P256';

/** @throws Fault request-malformed if an existing key has a different key spec */
export function ofSpecOnly({ ca }: { readonly ca: CaName }, key: CaKey, keySpec: CaKeySpec): CaKey {
  if (key.keySpec === keySpec) return key;
  throw new Fault(
    'request-malformed',
    `${ca}: its key ${key.keyId} is a ${key.keySpec} key, not ${keySpec}`,
  );
}

/** The key that a CA has, or will have. */
export interface FoundKey {
  readonly ca: CaName;
  readonly key: CaKey;
}

/** The CAs that a request asks for and the trust domain does not have yet, in the order of `CA_NAMES`. */
export function missingCas(
  known: TrustDomainDocument | undefined,
  { trustDomain, cas, keys = {} }: TrustDomainRequest,
): CaName[] {
  const asked = cas ?? (known ? [] : CA_NAMES);
  const wanted = CA_NAMES.filter((ca) => asked.includes(ca) || keys[ca] !== undefined);
  if (!known && !wanted.includes('ca'))
    throw new Fault(
      'request-malformed',
      `trust domain ${trustDomain} does not exist, and a new one must have ca: ask for it, too`,
    );
  return wanted.filter((ca) => known?.cas[ca] === undefined);
}

/** A recorded CA version keeps its key; the others get the key that the request names, or a new one. */
export async function findKeys(
  service: Service,
  caKeys: CaKeys,
  {
    trustDomain,
    keys,
    keySpec = DEFAULT_KEY_SPEC,
  }: Pick<TrustDomainRequest, 'trustDomain' | 'keys' | 'keySpec'>,
  cas: readonly CaName[],
  version: number,
): Promise<FoundKey[]> {
  const found: FoundKey[] = [];
  for (const ca of cas) {
    const name = { trustDomain, ca, version };
    const record = await readCaRecord(service, name);
    const named = keys?.[ca];
    if (record) found.push({ ca, key: keyOf(record) });
    else if (named) found.push({ ca, key: await caKeys.findMade(named, name) });
    else found.push({ ca, key: await caKeys.ensure(name, keySpec) });
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

/**
 * Existing CAs are not changed; a caller who requests different ones gets an error. The key spec of a request is that
 * of the CAs that it lists, or of all.
 */
export function refuseOtherwise(known: TrustDomainDocument, request: TrustDomainRequest): void {
  for (const [ca, versions] of casOf(known)) {
    const { keyId, keySpec } = signingVersionOf(ca, versions);
    const named = request.keys?.[ca];
    const wrongKey = named !== undefined && named !== keyId;
    const isAbout = request.cas?.includes(ca) ?? true;
    const wrongSpec =
      named === undefined &&
      isAbout &&
      request.keySpec !== undefined &&
      request.keySpec !== keySpec;
    if (wrongKey || wrongSpec)
      throw new Fault(
        'request-malformed',
        `trust domain ${known.trustDomain} exists, and its ${ca} has the ${keySpec} key ${keyId}: existing CAs are not changed`,
      );
  }
}
