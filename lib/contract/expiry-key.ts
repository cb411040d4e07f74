/** Keys of the expiry index: one empty object for each certificate, whose key contains all the data. */
import { isSubdomain } from '../names.ts';
import { AUTHORITY_PREFIXES } from './prefixes.ts';

/** A certificate, as its key in the index describes it. */
export interface ExpiryEntry {
  /** Day of notAfter in UTC, `YYYY-MM-DD`, which sorts chronologically. */
  readonly day: string;
  readonly cluster: string;
  /** Name of the node, or what its kind of request has instead. */
  readonly node: string;
  /** As text: the index may contain names that this release does not know. */
  readonly certificateName: string;
  readonly requestId: string;
  /** Version of the CA that signed it. */
  readonly caVersion: number;
  /** In hex. */
  readonly serialNumber: string;
}

/** `expiry/<YYYY-MM-DD>/<cluster>/<node>/<certificate name>/<request id>/<CA version>-<serial number>` */
export function expiryKey(entry: ExpiryEntry): string {
  const { day, cluster, node, certificateName, requestId, caVersion, serialNumber } = entry;
  return `${AUTHORITY_PREFIXES.expiry}${day}/${cluster}/${node}/${certificateName}/${requestId}/${caVersion}-${serialNumber}`;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const SIGNED = /^([1-9]\d{0,8})-((?:[0-9a-f]{2})+)$/;

/** undefined for any other key. */
export function parseExpiryKey(key: string): ExpiryEntry | undefined {
  if (!key.startsWith(AUTHORITY_PREFIXES.expiry)) return undefined;
  const parts = key.slice(AUTHORITY_PREFIXES.expiry.length).split('/');
  const [day = '', cluster = '', node = '', certificateName = '', requestId = '', signed = ''] =
    parts;
  const [, caVersion, serialNumber = ''] = SIGNED.exec(signed) ?? [];
  if (parts.length !== 6 || !DAY.test(day) || caVersion === undefined) return undefined;
  if (![cluster, node, certificateName, requestId].every(isSubdomain)) return undefined;
  return {
    day,
    cluster,
    node,
    certificateName,
    requestId,
    caVersion: Number(caVersion),
    serialNumber,
  };
}
