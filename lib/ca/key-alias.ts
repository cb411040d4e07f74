import type { CaVersionName } from '../contract/ca-record.ts';
import { FIRST_CA_VERSION } from '../contract/ca-record.ts';

/**
 * The KMS alias of the key of a CA version; later versions have their number at its end. Aliases must not contain dots,
 * and names have no underscores, so every trust domain has a different alias.
 */
export function caKeyAlias({ trustDomain, ca, version }: CaVersionName): string {
  const alias = `alias/cakeless/${trustDomain.replaceAll('.', '_')}/${ca}`;
  return version === FIRST_CA_VERSION ? alias : `${alias}/${version}`;
}
