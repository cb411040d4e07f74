import type { CaName } from '../profiles/certificate-names.ts';

/** Aliases take no dots, names no underscores, so each trust domain has an alias of its own. */
export function caKeyAlias(trustDomain: string, ca: CaName): string {
  return `alias/cakeless/${trustDomain.replaceAll('.', '_')}/${ca}`;
}
