/** Subject and subject alternative names as kubeadm (Go) writes them into certificates and CSRs. */

import type { AlternativeName } from '../csr/alternative-names.ts';
import type { Subject } from '../csr/subject.ts';
import { OID } from '../der/oids.ts';
import { contextPrimitive, directoryString, oid, sequence, setOf } from '../der/write.ts';
import { parseIpAddress } from '../ip-address.ts';

/** All organizations in one RDN, before the common name. */
export function writeSubject({ commonName, organizations }: Subject): Uint8Array {
  const attribute = (type: string, value: string) => sequence(oid(type), directoryString(value));
  const ofOrganizations = organizations.map((value) => attribute(OID.organizationName, value));
  return sequence(
    ...(ofOrganizations.length > 0 ? [setOf(...ofOrganizations)] : []),
    setOf(attribute(OID.commonName, commonName)),
  );
}

/** GeneralNames (RFC 5280 section 4.2.1.6): the contents of the extension's OCTET STRING. */
export function writeAlternativeNames(names: readonly AlternativeName[]): Uint8Array {
  return sequence(...names.map(writeName));
}

function writeName({ type, value }: AlternativeName): Uint8Array {
  if (type === 'DNS') return contextPrimitive(2, Buffer.from(value, 'latin1'));
  const octets = parseIpAddress(value);
  if (!octets) throw new Error(`${value}: not an IP address`);
  return contextPrimitive(7, octets);
}
