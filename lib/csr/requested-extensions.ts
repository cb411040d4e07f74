/** The attributes of a CSR: only one extensionRequest, with only one subjectAltName in it. */
import { nameOfOid } from '../der/oid-names.ts';
import { OID } from '../der/oids.ts';
import { DerError, type Element, readBoolean, readFields, readOid, TAG } from '../der/read.ts';
import type { Violation } from '../refusal/violation.ts';
import { type NamesResult, readAlternativeNames } from './alternative-names.ts';

const FIX =
  'create the CSR with kubeadm: usages and constraints come from the profile, never from the CSR';

/**
 * Reads `attributes` ([0] IMPLICIT SET OF Attribute, RFC 2986 section 4.1). kubeadm's client CSRs contain an
 * extensionRequest with an empty list.
 * @throws DerError if the structure is not that of PKCS#10
 */
export function readRequestedNames(attributes: Element): NamesResult {
  const violations: Violation[] = [];
  const requests = attributes.children().flatMap((attribute) => {
    const [type, values] = readFields(attribute, TAG.sequence, 'type', 'values');
    const oid = type ? readOid(type) : '';
    if (oid === OID.extensionRequest && values) return [values];
    violations.push(
      notAllowed('attribute-not-allowed', 'attributes', `attribute ${nameOfOid(oid)}`),
    );
    return [];
  });
  if (requests.length > 1)
    violations.push(
      notAllowed('attribute-not-allowed', 'attributes', `${requests.length} extensionRequests`),
    );
  const found = requests.map((values) => readExtensionRequest(values));
  return {
    names: found.flatMap(({ names }) => names),
    violations: [...violations, ...found.flatMap((result) => result.violations)],
  };
}

function readExtensionRequest(values: Element): NamesResult {
  const [extensions] = readFields(values, TAG.set, 'extensions');
  const violations: Violation[] = [];
  const names: NamesResult['names'][number][] = [];
  const seen = new Set<string>();
  for (const extension of extensions?.as(TAG.sequence, 'extensions').children() ?? []) {
    const { oid, value } = readExtension(extension);
    if (seen.has(oid))
      violations.push(
        notAllowed('extension-duplicate', 'extensions', `extension ${nameOfOid(oid)} twice`),
      );
    seen.add(oid);
    if (oid === OID.subjectAltName) {
      const result = readAlternativeNames(value);
      names.push(...result.names);
      violations.push(...result.violations);
    } else
      violations.push(
        notAllowed('extension-not-allowed', 'extensions', `extension ${nameOfOid(oid)}`),
      );
  }
  return { names, violations };
}

/** Extension ::= SEQUENCE { extnID, critical DEFAULT FALSE, extnValue }; DER omits the default (X.690 11.5). */
function readExtension(extension: Element): { oid: string; value: Uint8Array } {
  const fields = extension.as(TAG.sequence, 'extension').children();
  const [id, critical, value] = fields.length === 3 ? fields : [fields[0], undefined, fields[1]];
  if (!id || !value || fields.length > 3) throw new DerError('extension: not an Extension');
  if (critical && !readBoolean(critical))
    throw new DerError('extension.critical: a default value that is encoded');
  return { oid: readOid(id), value: value.as(TAG.octetString, 'extension.extnValue').content };
}

function notAllowed(code: Violation['code'], field: string, got: string): Violation {
  return {
    code,
    field,
    got,
    allowed: 'one extensionRequest with only subjectAltName in it',
    fix: FIX,
  };
}
