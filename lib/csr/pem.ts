/** One strict PEM block (RFC 7468 section 3, "strict"), and nothing else. */
import { bufferOf, toLatin1 } from '../bytes.ts';

export type PemResult =
  | { readonly label: string; readonly der: Uint8Array }
  | { readonly problem: string };

const LINE = 64;
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
  const lines = body.split(/\r?\n/);
  if (lines.pop() !== '' || lines.length === 0) return undefined; // the last line ends before -----END
  const wellCut = lines.every((line, i) =>
    i < lines.length - 1 ? line.length === LINE : line.length > 0 && line.length <= LINE,
  );
  const base64 = lines.join('');
  const der = Buffer.from(base64, 'base64');
  return wellCut && der.toString('base64') === base64 ? der : undefined;
}
