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

/**
 * One tag-length-value, as offsets into the bytes that it was read from: nothing is copied. Errors contain its name,
 * which is built only for an error.
 */
export class Element {
  readonly tag: number;
  readonly #bytes: Uint8Array;
  /** Offsets of its identifier and of its contents, and the one after its last octet. */
  readonly #start: number;
  readonly #contents: number;
  readonly #end: number;
  readonly #parent: Element | undefined;
  /** Its name; in a parent, the part after the parent's name, or its index. */
  #label: string | number;

  /** Reads the element at an offset, which may not go beyond `limit`. @throws DerError */
  constructor(
    bytes: Uint8Array,
    offset: number,
    limit: number,
    parent: Element | undefined,
    label: string | number,
  ) {
    this.#bytes = bytes;
    this.#start = offset;
    this.#parent = parent;
    this.#label = label;
    const tag = offset < limit ? bytes[offset] : undefined;
    if (tag === undefined) throw new DerError(`${this.name}: no bytes left`);
    if ((tag & 0x1f) === 0x1f) throw new DerError(`${this.name}: a tag number over 30`);
    this.tag = tag;
    this.#contents = offset + 1 + lengthOctets(bytes, offset + 1, limit, this);
    const length = readLength(bytes, offset + 1, this.#contents, this);
    this.#end = this.#contents + length;
    if (this.#end > limit)
      throw new DerError(
        `${this.name}: has a length of ${length} bytes, but ${limit - this.#contents} are left`,
      );
  }

  /** Its name in error messages: `certificationRequestInfo.subject`. */
  get name(): string {
    const label = this.#label;
    if (!this.#parent) return String(label);
    return typeof label === 'number'
      ? `${this.#parent.name}[${label}]`
      : `${this.#parent.name}.${label}`;
  }

  /** Identifier, length and contents octets. */
  get raw(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  /** How many octets `raw` has. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** Contents octets. */
  get content(): Uint8Array {
    return this.#bytes.subarray(this.#contents, this.#end);
  }

  /** The elements inside a constructed one. */
  children(): Element[] {
    if ((this.tag & 0x20) === 0) throw new DerError(`${this.name}: not a constructed type`);
    const elements: Element[] = [];
    for (let offset = this.#contents; offset < this.#end; ) {
      const child = new Element(this.#bytes, offset, this.#end, this, elements.length);
      elements.push(child);
      offset = child.#end;
    }
    return elements;
  }

  /** The children, of which there must be one for each of the names. */
  fields(names: readonly string[]): Element[] {
    const children = this.children();
    if (children.length !== names.length)
      throw new DerError(
        `${this.name}: ${children.length} fields, expected ${names.length} (${names.join(', ')})`,
      );
    for (const [i, child] of children.entries()) child.#label = names[i] ?? i;
    return children;
  }

  /** The same element with a better name. @throws DerError if its tag is not the expected one */
  as(tag: number, name: string): Element {
    if (this.tag !== tag) throw new DerError(`${name}: tag ${hex(this.tag)}, expected ${hex(tag)}`);
    return new Element(this.#bytes, this.#start, this.#end, undefined, name);
  }

  /** @throws DerError if its tag is not the expected one */
  expect(tag: number): this {
    if (this.tag !== tag)
      throw new DerError(`${this.name}: tag ${hex(this.tag)}, expected ${hex(tag)}`);
    return this;
  }
}

/** Reads exactly one element that fills `bytes`; anything after it is an error. */
export function readDer(bytes: Uint8Array, name: string): Element {
  const element = new Element(bytes, 0, bytes.length, undefined, name);
  if (element.length !== bytes.length)
    throw new DerError(`${name}: ${bytes.length - element.length} bytes after the end`);
  return element;
}

/** Reads the children of a SEQUENCE, SET or context tag, of which there must be one for each of `names`. */
export function readFields(element: Element, tag: number, ...names: string[]): Element[] {
  return element.expect(tag).fields(names);
}

/** INTEGER contents, shortest form (X.690 8.3.2), as signed big-endian octets. */
export function readInteger(element: Element): Uint8Array {
  const { content } = element.expect(TAG.integer);
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
  const { content } = element.expect(TAG.bitString);
  if (content[0] !== 0) throw new DerError(`${element.name}: a BIT STRING with unused bits`);
  return content.subarray(1);
}

/** BOOLEAN: DER has only 00 and FF (X.690 11.1). */
export function readBoolean(element: Element): boolean {
  const { content } = element.expect(TAG.boolean);
  if (content.length !== 1 || (content[0] !== 0x00 && content[0] !== 0xff))
    throw new DerError(`${element.name}: a BOOLEAN that is neither 00 nor FF`);
  return content[0] === 0xff;
}

/** NULL: no contents. */
export function readNull(element: Element): void {
  if (element.expect(TAG.null).content.length !== 0)
    throw new DerError(`${element.name}: a NULL with contents`);
}

/** OBJECT IDENTIFIER in dotted form, each arc in its shortest form (X.690 8.19). */
export function readOid(element: Element): string {
  const { content } = element.expect(TAG.oid);
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

/** How many octets the length has, the first one included. */
function lengthOctets(bytes: Uint8Array, offset: number, limit: number, element: Element): number {
  const first = offset < limit ? bytes[offset] : undefined;
  if (first === undefined) throw new DerError(`${element.name}: truncated before its length`);
  if (first < 0x80) return 1;
  const octets = first & 0x7f;
  if (octets === 0) throw new DerError(`${element.name}: an indefinite length (BER, not DER)`);
  if (octets > MAX_LENGTH_OCTETS)
    throw new DerError(`${element.name}: a length of ${octets} octets`);
  if (offset + octets >= limit) throw new DerError(`${element.name}: truncated in its length`);
  return 1 + octets;
}

function readLength(bytes: Uint8Array, offset: number, end: number, element: Element): number {
  const first = bytes[offset] ?? 0;
  if (first < 0x80) return first;
  let length = 0;
  for (let i = offset + 1; i < end; i++) length = length * 256 + (bytes[i] ?? 0);
  if (length < 0x80 || length < 256 ** (end - offset - 2))
    throw new DerError(`${element.name}: a length that is not in its shortest form`);
  return length;
}

function hex(tag: number): string {
  return `0x${tag.toString(16).padStart(2, '0')}`;
}
