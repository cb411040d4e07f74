/**
 * A strict DER reader (ITU-T X.690 section 10): definite and shortest lengths, low tag numbers, nothing left over. BER
 * that other parsers tolerate is an error here, so that the bytes have only one possible meaning.
 */

/** Identifier octets (X.690 8.1.2) of the types that PKCS#10 and X.509 use. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** The bytes are not DER, or not the expected structure; the message names the place. */
export class DerError extends Error {
  override name = 'DerError';
}

/** Longer lengths cannot occur: the size of the input is limited (see `lib/limits.ts`). */
const MAX_LENGTH_OCTETS = 3;

/** One tag-length-value, with the bytes that it was read from. */
export class Element {
  readonly tag: number;
  /** Identifier, length and contents octets. */
  readonly raw: Uint8Array;
  /** Contents octets. */
  readonly content: Uint8Array;
  /** Its name in error messages: `certificationRequestInfo.subject`. */
  readonly name: string;

  constructor(tag: number, raw: Uint8Array, content: Uint8Array, name: string) {
    this.tag = tag;
    this.raw = raw;
    this.content = content;
    this.name = name;
  }

  /** The elements inside a constructed one. */
  children(): Element[] {
    if ((this.tag & 0x20) === 0) throw new DerError(`${this.name}: not a constructed type`);
    const elements: Element[] = [];
    let offset = 0;
    while (offset < this.content.length) {
      const child = readAt(this.content, offset, `${this.name}[${elements.length}]`);
      elements.push(child);
      offset += child.raw.length;
    }
    return elements;
  }

  /** The same element with a better name. @throws DerError if its tag is not the expected one */
  as(tag: number, name: string): Element {
    if (this.tag !== tag) throw new DerError(`${name}: tag ${hex(this.tag)}, expected ${hex(tag)}`);
    return new Element(this.tag, this.raw, this.content, name);
  }
}

/** Reads exactly one element that fills `bytes`; anything after it is an error. */
export function readDer(bytes: Uint8Array, name: string): Element {
  const element = readAt(bytes, 0, name);
  if (element.raw.length !== bytes.length)
    throw new DerError(`${name}: ${bytes.length - element.raw.length} bytes after the end`);
  return element;
}

/** Reads the children of a SEQUENCE, SET or context tag, of which there must be one for each of `names`. */
export function readFields(element: Element, tag: number, ...names: string[]): Element[] {
  const children = element.as(tag, element.name).children();
  if (children.length !== names.length)
    throw new DerError(
      `${element.name}: ${children.length} fields, expected ${names.length} (${names.join(', ')})`,
    );
  return children.map(
    (child, i) => new Element(child.tag, child.raw, child.content, `${element.name}.${names[i]}`),
  );
}

/** INTEGER contents, shortest form (X.690 8.3.2), as signed big-endian octets. */
export function readInteger(element: Element): Uint8Array {
  const { content } = element.as(TAG.integer, element.name);
  const [first, second] = content;
  if (first === undefined) throw new DerError(`${element.name}: an INTEGER without contents`);
  const redundant =
    second !== undefined &&
    ((first === 0x00 && second < 0x80) || (first === 0xff && second >= 0x80));
  if (redundant) throw new DerError(`${element.name}: an INTEGER that is not in its shortest form`);
  return content;
}

/** A positive INTEGER without its sign octet. */
export function readPositiveInteger(element: Element): Uint8Array {
  const content = readInteger(element);
  if (((content[0] ?? 0) & 0x80) !== 0 || (content.length === 1 && content[0] === 0))
    throw new DerError(`${element.name}: an INTEGER that is not positive`);
  return content[0] === 0 ? content.subarray(1) : content;
}

/** BIT STRING of whole octets: keys and signatures have no unused bits. */
export function readOctetAlignedBits(element: Element): Uint8Array {
  const { content } = element.as(TAG.bitString, element.name);
  if (content[0] !== 0) throw new DerError(`${element.name}: a BIT STRING with unused bits`);
  return content.subarray(1);
}

/** BOOLEAN: DER has only 00 and FF (X.690 11.1). */
export function readBoolean(element: Element): boolean {
  const { content } = element.as(TAG.boolean, element.name);
  if (content.length !== 1 || (content[0] !== 0x00 && content[0] !== 0xff))
    throw new DerError(`${element.name}: a BOOLEAN that is neither 00 nor FF`);
  return content[0] === 0xff;
}

/** NULL: no contents. */
export function readNull(element: Element): void {
  if (element.as(TAG.null, element.name).content.length !== 0)
    throw new DerError(`${element.name}: a NULL with contents`);
}

/** OBJECT IDENTIFIER in dotted form, each arc in its shortest form (X.690 8.19). */
export function readOid(element: Element): string {
  const { content } = element.as(TAG.oid, element.name);
  const arcs: number[] = [];
  let arc = 0;
  let open = false;
  for (const octet of content) {
    if (!open && octet === 0x80) throw new DerError(`${element.name}: an OID arc with padding`);
    arc = arc * 128 + (octet & 0x7f);
    if (!Number.isSafeInteger(arc)) throw new DerError(`${element.name}: an OID arc too large`);
    open = (octet & 0x80) !== 0;
    if (open) continue;
    if (arcs.length === 0) {
      const root = Math.min(2, Math.floor(arc / 40));
      arcs.push(root, arc - root * 40);
    } else arcs.push(arc);
    arc = 0;
  }
  if (open || arcs.length === 0) throw new DerError(`${element.name}: an OID that is truncated`);
  return arcs.join('.');
}

function readAt(bytes: Uint8Array, offset: number, name: string): Element {
  const tag = bytes[offset];
  if (tag === undefined) throw new DerError(`${name}: no bytes left`);
  if ((tag & 0x1f) === 0x1f) throw new DerError(`${name}: a tag number over 30`);
  const { length, headerLength } = readLength(bytes, offset + 1, name);
  const start = offset + 1 + headerLength;
  const end = start + length;
  if (end > bytes.length)
    throw new DerError(
      `${name}: has a length of ${length} bytes, but ${bytes.length - start} are left`,
    );
  return new Element(tag, bytes.subarray(offset, end), bytes.subarray(start, end), name);
}

function readLength(bytes: Uint8Array, offset: number, name: string) {
  const first = bytes[offset];
  if (first === undefined) throw new DerError(`${name}: truncated before its length`);
  if (first < 0x80) return { length: first, headerLength: 1 };
  const octets = first & 0x7f;
  if (octets === 0) throw new DerError(`${name}: an indefinite length (BER, not DER)`);
  if (octets > MAX_LENGTH_OCTETS) throw new DerError(`${name}: a length of ${octets} octets`);
  let length = 0;
  for (let i = 1; i <= octets; i++) {
    const octet = bytes[offset + i];
    if (octet === undefined) throw new DerError(`${name}: truncated in its length`);
    length = length * 256 + octet;
  }
  if (length < 0x80 || length < 256 ** (octets - 1))
    throw new DerError(`${name}: a length that is not in its shortest form`);
  return { length, headerLength: 1 + octets };
}

function hex(tag: number): string {
  return `0x${tag.toString(16).padStart(2, '0')}`;
}
