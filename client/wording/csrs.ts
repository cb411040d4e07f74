/** How every command prints what a CSR requests. */
import { type AlternativeName, formatName } from '../../lib/csr/alternative-names.ts';
import type { Subject } from '../../lib/csr/subject.ts';

/** `O=system:nodes, CN=system:node:cp-1`. */
export const describeSubject = ({ organizations, commonName }: Subject): string =>
  [...organizations.map((organization) => `O=${organization}`), `CN=${commonName}`].join(', ');

export const describeNames = (names: readonly AlternativeName[]): string =>
  names.map(formatName).join(', ');
