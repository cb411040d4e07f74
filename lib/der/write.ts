/** Writes DER (X.690 section 10). Each function returns one complete element: identifier, length, contents. */
import { TAG } from './read.ts';

/** An element with the given identifier octet and contents. */
export function element(tag: number, ...contents: Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of contents) length += part.length;
  const start = 1 + lengthOctets(length);
  const out = new Uint8Array(start + length);
  out[0] = tag;
  writeLength(out, length, start);
  let offset = start;
  for (const part of contents) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

export const sequence = (...parts: Uint8Array[]) => element(TAG.sequence, ...parts);
export const octetString = (content: Uint8Array) => element(TAG.octetString, content);
export const derNull = () => element(TAG.null);
/** Context tag, constructed: `[n] EXPLICIT`, or `[n] IMPLICIT` of a constructed type. */
export const context = (n: number, ...parts: Uint8Array[]) => element(0xa0 | n, ...parts);
/** Context tag, primitive: `[n] IMPLICIT` of a string. */
export const contextPrimitive = (n: number, content: Uint8Array) => element(0x80 | n, content);
export const booleanTrue = () => element(TAG.boolean, Uint8Array.of(0xff));

/** SET OF: DER requires its elements in ascending order of their encodings (X.690 11.6). */
export function setOf(...parts: Uint8Array[]): Uint8Array {
  if (parts.length === 1) return element(TAG.set, ...parts);
  return element(TAG.set, ...[...parts].sort((a, b) => Buffer.compare(a, b)));
}

/** A non-negative INTEGER from its unsigned big-endian octets. */
export function unsignedInteger(octets: Uint8Array): Uint8Array {
  let start = 0;
  while (start < octets.length - 1 && octets[start] === 0) start++;
  const shortest = start === 0 ? octets : octets.subarray(start);
  const signed = (shortest[0] ?? 0) >= 0x80 || shortest.length === 0;
  return signed ? element(TAG.integer, ZERO, shortest) : element(TAG.integer, shortest);
}

/** BIT STRING of whole octets. */
export function bitString(octets: Uint8Array, unusedBits = 0): Uint8Array {
  return element(TAG.bitString, unusedBits === 0 ? ZERO : Uint8Array.of(unusedBits), octets);
}

const ZERO = Uint8Array.of(0);

/**
 * A named-bit BIT STRING such as KeyUsage: trailing zero bits are dropped (X.690 11.2.2).
 * @param bits numbers of the bits that are set, bit 0 first
 */
export function namedBits(bits: readonly number[]): Uint8Array {
  const last = Math.max(...bits);
  const octets = new Uint8Array(Math.floor(last / 8) + 1);
  for (const bit of bits) octets[bit >> 3] = (octets[bit >> 3] ?? 0) | (0x80 >> (bit & 7));
  return bitString(octets, 7 - (last & 7));
}

const oidCache = new Map<string, Uint8Array>();

/** OBJECT IDENTIFIER from dotted form. */
export function oid(dotted: string): Uint8Array {
  const known = oidCache.get(dotted);
  if (known) return known;
  const [root = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const octets = [root * 40 + second, ...rest].flatMap(base128);
  const encoded = element(TAG.oid, Uint8Array.from(octets));
  oidCache.set(dotted, encoded);
  return encoded;
}

const PRINTABLE = /^[A-Za-z0-9 '()+,\-./:=?]*$/;

/** DirectoryString as Go, and so kubeadm, writes it: PrintableString if the text allows it, else UTF8String. */
export function directoryString(text: string): Uint8Array {
  return element(
    PRINTABLE.test(text) ? TAG.printableString : TAG.utf8String,
    Buffer.from(text, 'utf8'),
  );
}

/** Where the digits of `2026-11-24T12:00:00.000Z` are, from the third on. */
const UTC_DIGITS = [2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18];
const ZULU = Uint8Array.of(0x5a);

/** Time as RFC 5280 section 4.1.2.5 requires it: UTCTime through 2049, GeneralizedTime from 2050; whole seconds. */
export function time(date: Date): Uint8Array {
  const iso = date.toISOString();
  const utc = date.getUTCFullYear() < 2050;
  const digits = utc ? UTC_DIGITS : [0, 1, ...UTC_DIGITS];
  const text = Uint8Array.from(digits, (at) => iso.charCodeAt(at));
  return element(utc ? TAG.utcTime : TAG.generalizedTime, text, ZULU);
}

function base128(arc: number): number[] {
  const octets = [arc & 0x7f];
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128))
    octets.unshift((rest & 0x7f) | 0x80);
  return octets;
}

function lengthOctets(length: number): number {
  if (length < 0x80) return 1;
  if (length < 0x100) return 2;
  return length < 0x10000 ? 3 : 4;
}

/** Into the octets from 1 to `end`, in the shortest form (X.690 10.1). */
function writeLength(out: Uint8Array, length: number, end: number): void {
  if (end === 2) {
    out[1] = length;
    return;
  }
  out[1] = 0x80 | (end - 2);
  for (let i = end - 1, rest = length; i > 1; i--, rest >>= 8) out[i] = rest & 0xff;
}
