/** Which names of leaf certificates the name constraints of a CA certificate exclude (RFC 5280 section 4.2.1.10). */
import { toLatin1 } from '../bytes.ts';
import { DerError, type Element, readDer, TAG } from '../der/read.ts';

export interface NameConstraints {
  readonly permitted: Subtrees;
  readonly excluded: Subtrees;
  /** Names of the other types that are constrained: of those, Go (crypto/x509) knows only mail addresses and URIs. */
  readonly otherTypes: readonly string[];
  /** Whether Go (crypto/x509) can parse all of them. */
  readonly isWellFormed: boolean;
}

interface Subtrees {
  readonly dns: readonly string[];
  /** An address and a mask of the same length. */
  readonly ip: readonly Uint8Array[];
}

/** GeneralName's tags. */
const [DNS_NAME, IP_ADDRESS] = [0x82, 0x87];
const OTHER_TYPES: Readonly<Record<number, string>> = {
  160: 'otherName',
  163: 'x400Address',
  164: 'directoryName',
  165: 'ediPartyName',
  136: 'registeredID',
};

/** @param value the contents of the extension. @throws DerError */
export function readNameConstraints(value: Uint8Array): NameConstraints {
  const parts = readDer(value, 'nameConstraints').expect(TAG.sequence).children();
  const basesWith = (tag: number) =>
    parts
      .filter((part) => part.tag === tag)
      .flatMap((part) => part.children())
      .map(baseOf);
  const [permitted, excluded] = [basesWith(0xa0), basesWith(0xa1)];
  return {
    permitted: subtreesOf(permitted),
    excluded: subtreesOf(excluded),
    isWellFormed:
      permitted.length + excluded.length > 0 && [...permitted, ...excluded].every(isReadable),
    otherTypes: [...permitted, ...excluded].flatMap(({ tag }) => OTHER_TYPES[tag] ?? []),
  };
}

/** Names of hosts, also those of mail addresses and URIs. */
const DOMAIN = /^(\.?[!-\-/-~]+(\.[!-\-/-~]+)*)?$/;

function isReadable({ tag, content }: Element): boolean {
  if (tag === IP_ADDRESS)
    return [8, 32].includes(content.length) && isMask(content.subarray(content.length / 2));
  return OTHER_TYPES[tag] !== undefined || DOMAIN.test(toLatin1(content));
}

/** Ones, then zeros. */
const isMask = (mask: Uint8Array) =>
  /^1*0*$/.test([...mask].map((octet) => octet.toString(2).padStart(8, '0')).join(''));

function baseOf(subtree: Element): Element {
  const [base] = subtree.expect(TAG.sequence).children();
  if (!base) throw new DerError('nameConstraints: a subtree without a base');
  return base;
}

const subtreesOf = (bases: readonly Element[]): Subtrees => ({
  dns: bases.filter(({ tag }) => tag === DNS_NAME).map(({ content }) => toLatin1(content)),
  ip: bases.filter(({ tag }) => tag === IP_ADDRESS).map(({ content }) => content),
});

/** Whether a certificate with this DNS name is valid below the CA. */
export function admitsDnsName({ permitted, excluded }: NameConstraints, name: string): boolean {
  const isBelow = (base: string) => isBelowDomain(name, base.toLowerCase());
  return (permitted.dns.length === 0 || permitted.dns.some(isBelow)) && !excluded.dns.some(isBelow);
}

/** A base without a name is above all; one that starts with a dot is above its subdomains only, in OpenSSL and Go. */
const isBelowDomain = (name: string, base: string) =>
  base === '' || name === base || name.endsWith(base.startsWith('.') ? base : `.${base}`);

/** Whether a certificate with this IP address is valid below the CA. */
export function admitsAddress(
  { permitted, excluded }: NameConstraints,
  address: Uint8Array,
): boolean {
  const isIn = (range: Uint8Array) =>
    range.length === 2 * address.length &&
    address.every((octet, i) => {
      const mask = range[address.length + i] ?? 0;
      return (octet & mask) === ((range[i] ?? 0) & mask);
    });
  return (permitted.ip.length === 0 || permitted.ip.some(isIn)) && !excluded.ip.some(isIn);
}
