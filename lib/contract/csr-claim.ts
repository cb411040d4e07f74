/** Which request a CSR of the certificates API is issued under. Loaded when the first of them is issued. */
import * as z from 'zod/mini';
import { AUTHORITY_PREFIXES } from './prefixes.ts';
import { CSR } from './request-kinds.ts';

/** `records/<cluster>/csr/<uid>.json`, written once, and kept as long as the records. */
export const csrClaimSchema = z.object({
  /** Key of the request in the exchange bucket; later attempts of it in the same place may be issued instead. */
  request: z.string(),
});

/** Keys of records are longer: they have a path below the request id. */
export function csrClaimKey(cluster: string, uid: string): string {
  return `${AUTHORITY_PREFIXES.records}${cluster}/${CSR}/${uid}.json`;
}
