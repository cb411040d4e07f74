/**
 * The description of a CA key in KMS. It says which CA the key is for, and neither operators nor importers can change it:
 * with the right to call `create-ca`, nobody can make a key the key of another CA.
 */
import type { CaVersionName } from '../contract/ca-record.ts';

type OfCa = Pick<CaVersionName, 'trustDomain' | 'ca'>;

export const keyDescription = ({ trustDomain, ca }: OfCa): string =>
  `Cakeless: ${ca} of trust domain ${trustDomain}`;

/** The CA that a key is for, as text, if that is not this one. A key that others made may have any description. */
export function otherCaIn(description: string, name: OfCa): string | undefined {
  const [, found] =
    /^Cakeless: (\S+ of trust domain [^\s,]+)(?:, version \d+)?$/.exec(description) ?? [];
  return found === undefined || `Cakeless: ${found}` === keyDescription(name) ? undefined : found;
}
