/** `--ca` of the commands about the CAs that a cluster already has. */
import { InvalidArgumentError, Option } from 'commander';
import { ADOPTABLE_CAS, type AdoptableCa } from '../../lib/ca/trust-domain-request.ts';

export const adoptableCaOption = (what: string) =>
  new Option(
    '--ca <name>',
    `${what}, one of ${ADOPTABLE_CAS.join(', ')}; may be given several times (default: those that the control plane has)`,
  ).argParser(caNames);

function caNames(text: string, before: readonly AdoptableCa[] = []): AdoptableCa[] {
  const name = ADOPTABLE_CAS.find((known) => known === text);
  if (name) return [...before, name];
  throw new InvalidArgumentError(`must be one of ${ADOPTABLE_CAS.join(', ')}`);
}
