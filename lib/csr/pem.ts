/** One strict PEM block (RFC 7468 section 3, "strict"), and nothing else. */
import { bufferOf, toLatin1 } from '../bytes.ts';

export type PemResult =
  | { readonly label: string; readonly der: Uint8Array }
  | { readonly problem: string };

/** Lines of 64 characters, except the last, which ends before -----END too. */
const WELL_CUT = /^(?:[^\r\n]{64}\r?\n)*[^\r\n]{1,64}\r?\n$/;
const BEGIN = /^-----BEGIN ([A-Z0-9 ]{1,40})-----\r?\n/;

/** Whether bytes look like PEM at all. */
export function looksLikePem(bytes: Uint8Array): boolean {
  return bufferOf(bytes).includes('-----BEGIN ');
}

/**
 * Reads exactly one block: no text before or after it, no headers, lines of 64 characters except the last, canonical
 * base64. Both line endings are accepted, because some tools write CRLF.
 */
export function readOnePemBlock(bytes: Uint8Array): PemResult {
  const text = toLatin1(bytes);
  const begin = BEGIN.exec(text);
  if (!begin)
    return {
      problem: text.startsWith('-----BEGIN ')
        ? 'a malformed first line'
        : 'text before the PEM block',
    };
  const label = begin[1] ?? '';
  const endLine = `-----END ${label}-----`;
  const end = text.indexOf('-----END ', begin[0].length);
  if (end < 0 || !text.startsWith(endLine, end)) return { problem: `no line ${endLine}` };
  const after = text.slice(end + endLine.length);
  if (after.includes('-----BEGIN ')) return { problem: 'more than one PEM block' };
  if (!/^(?:\r?\n)*$/.test(after)) return { problem: 'text after the PEM block' };
  const der = decodeLines(text.slice(begin[0].length, end));
  return der
    ? { label, der }
    : { problem: 'base64 that is not canonical, or lines that are not 64 characters long' };
}

function decodeLines(body: string): Uint8Array | undefined {
  if (!WELL_CUT.test(body)) return undefined;
  const base64 = body.replaceAll('\r', '').replaceAll('\n', '');
  const der = Buffer.from(base64, 'base64');
  return der.toString('base64') === base64 ? der : undefined;
}
