import type { CaName } from '../profiles/certificate-names.ts';

/** Aliases allow no dots, and names have no underscores, so every trust domain has a different alias. */
export function caKeyAlias(trustDomain: string, ca: CaName): string {
  return `alias/cakeless/${trustDomain.replaceAll('.', '_')}/${ca}`;
}
