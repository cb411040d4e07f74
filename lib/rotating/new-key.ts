/** The key of a new CA version. It is claimed before anything is drafted for it. */
import type { CaKey, CaKeys } from '../ca/ca-keys.ts';
import { claimKeys, findKeys } from '../ca/choose-keys.ts';
import type { CaVersionName } from '../contract/ca-record.ts';
import { Fault } from '../fault.ts';
import type { Service } from '../service.ts';
import type { CaKeySpec } from '../signing/signing-algorithm.ts';

export interface WantedKey {
  /** @default the key of the version's alias, created if it does not exist */
  readonly keyId: string | undefined;
  /** Of a new key. */
  readonly keySpec: CaKeySpec;
}

/** @throws Fault request-malformed if the key does not exist, or belongs to another version */
export async function claimNewKey(
  service: Service,
  caKeys: CaKeys,
  { trustDomain, ca, version }: CaVersionName,
  { keyId, keySpec }: WantedKey,
): Promise<CaKey> {
  const wanted = { trustDomain, keySpec, ...(keyId !== undefined && { keys: { [ca]: keyId } }) };
  const [found] = await findKeys(service, caKeys, wanted, [ca], version);
  if (!found) throw new Fault('unavailable', `${ca}: no key was found`);
  await claimKeys(service, trustDomain, version, [found]);
  return found.key;
}
