/** Names of CAs on the command line. */
import { InvalidArgumentError } from 'commander';
import { CA_NAMES, type CaName } from '../../lib/profiles/certificate-names.ts';

export function caName(text: string): CaName {
  const name = CA_NAMES.find((known) => known === text);
  if (name) return name;
  throw new InvalidArgumentError(`must be one of ${CA_NAMES.join(', ')}`);
}

/** For an option that may be given several times. */
export const caNames = (text: string, before: readonly CaName[] = []): CaName[] => [
  ...before,
  caName(text),
];
