/**
 * Private keys in files of any kind: PEM as it is, indented in YAML as cloud-init's `write_files` have it, with `\n` as in
 * JSON, or in base64 as in a Secret. Their octets are only in buffers, which are overwritten after use: never in a string,
 * which cannot be overwritten. One pass: however a file is made up, no part of it is read again and again.
 */
import { createPrivateKey, type KeyObject } from 'node:crypto';

/** Real files have a few; someone may have filled one with thousands. */
const MOST_KEYS = 100;

export interface KeysInBytes {
  /** Of the first hundred blocks. */
  readonly keys: readonly KeyObject[];
  readonly hasMore: boolean;
  /** Only their owner can say what is in them. */
  readonly hasEncrypted: boolean;
}

/** The caller overwrites the bytes. */
export function privateKeysIn(bytes: Buffer): KeysInBytes {
  const search = new Search();
  search.pem(bytes);
  search.base64(bytes);
  return search;
}

/** Those in PEM, as Kubernetes reads them (client-go util/keyutil). The caller overwrites the bytes. */
export function pemKeysIn(bytes: Buffer): KeysInBytes {
  const search = new Search();
  search.pem(bytes);
  return search;
}

class Search implements KeysInBytes {
  readonly keys: KeyObject[] = [];
  hasMore = false;
  hasEncrypted = false;
  #blocks = 0;

  pem(bytes: Buffer): void {
    this.hasEncrypted ||= ENCRYPTED.some((text) => bytes.includes(text));
    for (const block of blocksIn(bytes)) {
      this.hasMore = this.#blocks >= MOST_KEYS;
      if (this.hasMore) return;
      this.#blocks += 1;
      const key = keyIn(bytes, block);
      if (key) this.keys.push(key);
    }
  }

  base64(bytes: Buffer): void {
    let at = bytes.indexOf(ENCODED_BEGIN);
    while (at >= 0 && !this.hasMore) {
      let end = at;
      while (isBase64(bytes[end])) end += 1;
      const decoded = decode(bytes.subarray(at, end));
      this.pem(decoded);
      decoded.fill(0);
      at = bytes.indexOf(ENCODED_BEGIN, end);
    }
  }
}

const BEGIN = '-----BEGIN ';
const DASHES = '-----';
/** PKCS#8, PKCS#1 and SEC1. */
const LABELS = ['PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PRIVATE KEY'];
/** PKCS#8 says it in the label, the older forms in a header (RFC 1421 section 4.6.1.1). */
const ENCRYPTED = [
  '-----BEGIN ENCRYPTED PRIVATE KEY-----',
  'Proc-Type: 4,ENCRYPTED',
  'Proc-Type:4,ENCRYPTED',
];

interface Block {
  readonly label: string;
  /** Of what is between the labels. */
  readonly start: number;
  readonly end: number;
  /** Octets of base64 in it. */
  readonly size: number;
}

/** PEM blocks that can be private keys. */
function* blocksIn(bytes: Buffer): Generator<Block> {
  let at = bytes.indexOf(BEGIN);
  while (at >= 0) {
    const labelAt = at + BEGIN.length;
    const label = LABELS.find((one) => startsWith(bytes, labelAt, one + DASHES));
    const block = label === undefined ? undefined : blockAt(bytes, labelAt, label);
    if (block) yield block;
    at = bytes.indexOf(BEGIN, labelAt);
  }
}

const startsWith = (bytes: Buffer, at: number, text: string): boolean =>
  bytes.subarray(at, at + text.length).equals(Buffer.from(text));

/** Of RSA with 16384 bits, in PEM. */
const MAX_KEY_BYTES = 16 * 1024;

function blockAt(bytes: Buffer, labelAt: number, label: string): Block | undefined {
  const start = labelAt + label.length + DASHES.length;
  let [end, size] = [start, 0];
  for (let octets = octetsAt(bytes, end); octets > 0; octets = octetsAt(bytes, end)) {
    if (isKeyOctet(bytes[end])) size += 1;
    end += octets;
  }
  const isBlock = size <= MAX_KEY_BYTES && startsWith(bytes, end, `-----END ${label}${DASHES}`);
  return isBlock ? { label, start, end, size } : undefined;
}

/** How many octets there belong to the inside of a block: base64, white space, or `\n` as JSON has it. */
function octetsAt(bytes: Buffer, at: number): number {
  const octet = bytes[at];
  if (octet === BACKSLASH) return ESCAPED.includes(bytes[at + 1] ?? 0) ? 2 : 0;
  return isKeyOctet(octet) || isSpace(octet) ? 1 : 0;
}

function keyIn(bytes: Buffer, { label, start, end, size }: Block): KeyObject | undefined {
  const [first, last] = [`${BEGIN}${label}${DASHES}\n`, `\n-----END ${label}${DASHES}\n`];
  const pem = Buffer.alloc(first.length + size + last.length);
  let length = pem.write(first);
  for (let at = start; at < end; at += octetsAt(bytes, at)) {
    const octet = bytes[at];
    if (isKeyOctet(octet)) length = pem.writeUInt8(octet, length);
  }
  pem.write(last, length);
  try {
    return createPrivateKey({ key: pem, format: 'pem' });
  } catch {
    return undefined; // not a key after all
  } finally {
    pem.fill(0);
  }
}

const code = (text: string): number => text.charCodeAt(0);
const [EQUALS, BACKSLASH] = [code('='), code('\\')];
const SPACES = [...' \t\r\n\f\v'].map(code);
const ESCAPED = [...'rn'].map(code);

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
/** The value of each octet in base64. */
const VALUES = new Map([...ALPHABET].map((letter, value) => [code(letter), value]));

const isBase64 = (octet: number | undefined): octet is number =>
  octet !== undefined && VALUES.has(octet);
const isKeyOctet = (octet: number | undefined): octet is number =>
  isBase64(octet) || octet === EQUALS;
const isSpace = (octet: number | undefined) => octet !== undefined && SPACES.includes(octet);

/** `-----BEGIN` in base64. */
const ENCODED_BEGIN = 'LS0tLS1CRUdJTi';

/** Node decodes strings only. */
function decode(word: Buffer): Buffer {
  const decoded = Buffer.alloc(Math.floor((word.length * 3) / 4));
  let [bits, width, length] = [0, 0, 0];
  for (const octet of word) {
    bits = ((bits << 6) | (VALUES.get(octet) ?? 0)) & 0xffff;
    width += 6;
    if (width < 8) continue;
    width -= 8;
    length = decoded.writeUInt8((bits >> width) & 0xff, length);
  }
  return decoded;
}
