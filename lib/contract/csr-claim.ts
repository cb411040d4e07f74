/** Which request a CSR of the certificates API is issued under. Loaded when the first of them is issued. */
import * as z from 'zod/mini';
import { AUTHORITY_PREFIXES } from './prefixes.ts';
import { CSR } from './request-kinds.ts';

/** `records/<cluster>/csr/<uid>-<SHA-256 of the public key>.json`, written once, and kept as long as the records. */
export const csrClaimSchema = z.object({
  /** Key of the request in the exchange bucket; later attempts of it in the same place may be issued instead. */
  request: z.string(),
});

/**
 * Keys of records are longer: they have a path below the request id. Everyone in a cluster can read the uids of CSRs, so
 * a claim is one of a uid and a key: nobody without the key can claim a CSR.
 */
export function csrClaimKey(cluster: string, uid: string, keyDigest: string): string {
  return `${AUTHORITY_PREFIXES.records}${cluster}/${CSR}/${uid}-${keyDigest}.json`;
}
