/**
 * The requested subjectAltName, read from the raw extension: a name that cannot be read is a violation, never dropped.
 */
import { toHex, toLatin1 } from '../bytes.ts';
import { type Element, readDer, TAG } from '../der/read.ts';
import { formatIpAddress, isIpv4Mapped } from '../ip-address.ts';
import { LIMITS } from '../limits.ts';
import { isDnsName } from '../names.ts';
import { quote } from '../printable.ts';
import type { Violation } from '../refusal/violation.ts';

/** A subject alternative name in canonical text. */
export interface AlternativeName {
  readonly type: 'DNS' | 'IP';
  readonly value: string;
}

export interface NamesResult {
  /** In the order of the CSR, each once. */
  readonly names: readonly AlternativeName[];
  readonly violations: readonly Violation[];
}

export function formatName(name: AlternativeName): string {
  return `${name.type}:${name.value}`;
}

/** RFC 5280 section 4.2.1.6: the choices of GeneralName by their context tags. */
const KINDS: Record<number, string> = {
  160: 'otherName',
  129: 'rfc822Name',
  163: 'x400Address',
  164: 'directoryName',
  165: 'ediPartyName',
  134: 'uniformResourceIdentifier',
  136: 'registeredID',
};
const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;
const ALLOWED =
  'DNS names in lower case (a wildcard only as the whole first label), and IPv4 or IPv6 addresses';
const FIX =
  'remove the name from certSANs, or write it in a form that kubeadm accepts, and create a new CSR';

/**
 * @param value contents of the extension's OCTET STRING
 * @throws DerError if it is not GeneralNames
 */
export function readAlternativeNames(value: Uint8Array): NamesResult {
  const general = readDer(value, 'subjectAltName').as(TAG.sequence, 'subjectAltName').children();
  const violations: Violation[] = [];
  if (general.length === 0) violations.push(violation('san-malformed', 'an empty list'));
  if (general.length > LIMITS.maxNames)
    violations.push(violation('san-too-many', `${general.length} names`));
  const names = general.flatMap((element) => {
    const name = readName(element);
    if ('code' in name) violations.push(name);
    return 'code' in name ? [] : [name];
  });
  // up to 1.23, kubeadm requests a name of certSANs that it also adds itself twice (kubeadm#2648)
  const unique = new Map(names.map((name) => [formatName(name), name]));
  return { names: [...unique.values()], violations };
}

function readName(element: Element): AlternativeName | Violation {
  if (element.tag === DNS_NAME) {
    const text = toLatin1(element.content);
    return isDnsName(text)
      ? { type: 'DNS', value: text }
      : violation('san-malformed', `DNS:${text}`);
  }
  if (element.tag === IP_ADDRESS) {
    const { content } = element;
    if (content.length !== 4 && content.length !== 16)
      return violation(
        'san-malformed',
        `an IP address of ${content.length} octets (${toHex(content)})`,
      );
    if (isIpv4Mapped(content))
      return violation('san-malformed', `an IPv4-mapped IPv6 address (${toHex(content)})`);
    return { type: 'IP', value: formatIpAddress(content) };
  }
  const kind = KINDS[element.tag] ?? `tag 0x${element.tag.toString(16)}`;
  return violation('san-type', `a name of type ${kind}`);
}

function violation(code: Violation['code'], got: string): Violation {
  return { code, field: 'subjectAltName', got: quote(got), allowed: ALLOWED, fix: FIX };
}
