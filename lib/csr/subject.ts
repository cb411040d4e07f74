/** The subject of a CSR: one common name, and organizations, in decoded form. */
import { toLatin1 } from '../bytes.ts';
import { nameOfOid } from '../der/oid-names.ts';
import { OID } from '../der/oids.ts';
import { type Element, readFields, readOid, TAG } from '../der/read.ts';
import { LIMITS } from '../limits.ts';
import { quote } from '../printable.ts';
import type { Violation } from '../refusal/violation.ts';

export interface Subject {
  readonly commonName: string;
  /** In the order of the CSR. */
  readonly organizations: readonly string[];
}

export interface SubjectResult {
  readonly subject: Subject;
  readonly violations: readonly Violation[];
}

const ALLOWED =
  'one CN and any number of O values, each a PrintableString or UTF8String of 1 to 64 characters';
const FIX = 'create the CSR with kubeadm, which writes only CN and O';

interface Attribute {
  readonly type: string;
  readonly value: string;
}

/**
 * Reads the RDNSequence. kubeadm (Go) puts all O into one RDN, OpenSSL puts each into its own: both are the same
 * subject. An RDN with different attribute types is a violation, because parsers disagree on what it means.
 * @throws DerError if it is not a Name
 */
export function readSubject(name: Element): SubjectResult {
  const violations: Violation[] = [];
  const attributes: Attribute[] = [];
  for (const rdn of name.as(TAG.sequence, 'subject').children()) {
    const inRdn = rdn
      .as(TAG.set, 'subject.rdn')
      .children()
      .map((a) => readAttribute(a, violations));
    if (inRdn.length === 0) violations.push(violation('an RDN without attributes'));
    if (new Set(inRdn.map(({ type }) => type)).size > 1)
      violations.push(violation('an RDN that mixes attribute types'));
    attributes.push(...inRdn);
  }
  const valuesOf = (type: string) => attributes.filter((a) => a.type === type).map((a) => a.value);
  const commonNames = valuesOf(OID.commonName);
  const organizations = valuesOf(OID.organizationName);
  if (commonNames.length !== 1)
    violations.push(violation(`${commonNames.length} common names`, 'subject-common-name'));
  if (organizations.length > LIMITS.maxOrganizations)
    violations.push(violation(`${organizations.length} organizations`));
  if (new Set(organizations).size !== organizations.length)
    violations.push(violation('the same organization twice'));
  return { subject: { commonName: commonNames[0] ?? '', organizations }, violations };
}

function readAttribute(attribute: Element, violations: Violation[]): Attribute {
  const [typeField, valueField] = readFields(attribute, TAG.sequence, 'type', 'value');
  const type = typeField ? readOid(typeField) : '';
  const value = valueField ? decodeString(valueField) : undefined;
  if (type !== OID.commonName && type !== OID.organizationName)
    violations.push(violation(`an attribute of type ${nameOfOid(type)}`));
  else if (value === undefined)
    violations.push(
      violation('a value that is not a PrintableString or UTF8String, or is malformed'),
    );
  else if (value.length === 0 || [...value].length > LIMITS.maxSubjectValueLength)
    violations.push(violation(`a value of ${[...value].length} characters`));
  return { type, value: value ?? '' };
}

const PRINTABLE = /^[A-Za-z0-9 '()+,\-./:=?]*$/;
// Biome does not allow control characters in regular expressions
const isControl = (c: string) => c < ' ' || (c >= '\u007f' && c <= '\u009f');

/** The text of a DirectoryString, of the two kinds that are in use today (RFC 5280 section 4.1.2.4). */
function decodeString(field: Element): string | undefined {
  if (field.tag === TAG.printableString) {
    const text = toLatin1(field.content);
    return PRINTABLE.test(text) ? text : undefined;
  }
  if (field.tag !== TAG.utf8String) return undefined;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(field.content);
    return [...text].some(isControl) ? undefined : text;
  } catch {
    return undefined;
  }
}

function violation(got: string, code: Violation['code'] = 'subject-attribute'): Violation {
  return { code, field: 'subject', got: quote(got), allowed: ALLOWED, fix: FIX };
}
