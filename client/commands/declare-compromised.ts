/** `cakeless trust-domain declare-compromised`: wording. */
import type { CaName } from '../../lib/profiles/certificate-names.ts';
import type { Connection } from '../connection.ts';
import {
  type Declarable,
  declareCompromised as declare,
  nameOfDeclared,
  readDeclarable,
} from '../rotation/declare.ts';
import { type OutputFormat, printResult } from '../terminal.ts';
import { shellCommand } from '../wording/shell.ts';
import { confirm, type PersonDeps } from './confirm.ts';

export interface DeclareOptions {
  readonly ca: CaName;
  readonly confirm?: string;
  readonly dryRun?: true;
  readonly output: OutputFormat;
}

export async function declareCompromised(
  connection: Connection,
  person: PersonDeps,
  trustDomain: string,
  { ca, confirm: given, dryRun, output }: DeclareOptions,
): Promise<void> {
  const { terminal } = person;
  const declarable = await readDeclarable(connection, trustDomain, ca);
  const name = nameOfDeclared(declarable);
  const changes = describeChanges(declarable);
  if (dryRun) {
    const shown = { ...declarable, confirm: name, changed: false, changes };
    terminal.progress(
      declarable.compromised
        ? describeDeclared(declarable)
        : `would declare ${name} compromised (dry run)`,
    );
    printResult(terminal, output, shown, () => changes);
    return;
  }
  // the call publishes what an interrupted one has not
  if (!declarable.compromised)
    await confirm(person, given, {
      name,
      description: changes,
      command: shellCommand(
        'cakeless',
        'trust-domain',
        'declare-compromised',
        trustDomain,
        '--ca',
        ca,
      ),
      option: '--confirm',
      words: { what: 'the old CA', verb: 'declare', done: 'declared' },
    });
  const declared = await declare(connection, declarable);
  terminal.progress(
    declared.changed
      ? `declared the old ${ca} of trust domain ${trustDomain} compromised: it cannot vouch for the new CA`
      : describeDeclared(declarable),
  );
  terminal.progress(
    'nodes that do not have the new CA yet accept it only with --accept-ca-change and --ca-cert-hash',
  );
  const { phase, sequence } = declared;
  printResult(terminal, output, declared, () => [`phase ${phase}, change ${sequence}`]);
}

const describeDeclared = ({ trustDomain, ca }: Declarable): string =>
  `the old ${ca} of trust domain ${trustDomain} was declared compromised already; nothing was changed`;

/** Everything that changes, and stays so. */
function describeChanges(declarable: Declarable): string[] {
  const { trustDomain, ca, from, to, phase, sequence, hasCross, compromised } = declarable;
  if (compromised) return [];
  return [
    `version ${from} of ${ca} of trust domain ${trustDomain} becomes compromised permanently: it vouches for no other version, and a later rotation from it needs --compromised`,
    `change ${sequence + 1} of the trust domain, in phase ${phase}, which stays`,
    ...(hasCross
      ? [
          `the cross certificate of version ${to} is removed from the trust domain and from rotation.json, which nodes read; new certificates of version ${to} do not carry it, and programs that know only version ${from} do not accept them`,
        ]
      : [`version ${to} has no cross certificate, so nothing is removed`]),
    `nodes that do not trust version ${to} yet accept it only with --accept-ca-change and --ca-cert-hash`,
    ...AFTERWARDS[phase],
    'this cannot be undone',
  ];
}

const AFTERWARDS: Readonly<Record<Declarable['phase'], readonly string[]>> = {
  trust: [
    'phase issue begins only when everything trusts the new CA, workers and objects of the clusters included',
    'phase issue has no minimum duration, and the rotation cannot go back from phase retire',
  ],
  issue: ['phase issue has no minimum duration, and the rotation cannot go back from phase retire'],
  retire: ['the rotation cannot go back to phase issue'],
};
