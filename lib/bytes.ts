/** Bytes as a Buffer and as text, and values that are computed from them once. */

/** Shares the bytes; `Buffer.from` would copy them. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export const toHex = (bytes: Uint8Array): string => bufferOf(bytes).toString('hex');
export const toBase64 = (bytes: Uint8Array): string => bufferOf(bytes).toString('base64');
export const toLatin1 = (bytes: Uint8Array): string => bufferOf(bytes).toString('latin1');

const PEM_LINE = /.{1,64}/g;

/** DER as PEM: lines of 64 characters (RFC 7468 section 2). */
export function toPem(label: string, der: Uint8Array): string {
  return `-----BEGIN ${label}-----\n${wrap(toBase64(der))}\n-----END ${label}-----\n`;
}

const wrap = (base64: string) => (base64.match(PEM_LINE) ?? []).join('\n');

/**
 * The function, computed once for each array of bytes while the array is in use: several steps need the same values of
 * an upload. Nothing changes bytes that were read.
 */
export function oncePerBytes<T>(compute: (bytes: Uint8Array) => T): (bytes: Uint8Array) => T {
  const known = new WeakMap<Uint8Array, { readonly result: T }>();
  return (bytes) => {
    const earlier = known.get(bytes);
    if (earlier) return earlier.result;
    const result = compute(bytes);
    known.set(bytes, { result });
    return result;
  };
}
