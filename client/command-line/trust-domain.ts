/** `cakeless trust-domain`: its commands and their options. */
import { type Command, Option } from 'commander';
import { CA_NAMES } from '../../lib/profiles/certificate-names.ts';
import { CA_KEY_SPECS } from '../../lib/signing/signing-algorithm.ts';
import type { ApproverDeps } from '../commands/decisions.ts';
import type { CreateOptions } from '../commands/trust-domain.ts';
import type { Connection } from '../connection.ts';
import type { ExitCode } from '../exit-codes.ts';
import { days, subdomain, tableOutputOption } from '../options.ts';
import type { OutputFormat, Terminal } from '../terminal.ts';
import { caNames } from './ca-name.ts';
import { addAdoptionCommands } from './trust-domain-adoption.ts';
import { addInspectPkiCommand } from './trust-domain-inspect-pki.ts';
import { addRenewCaCommand } from './trust-domain-renew.ts';
import { addRotationCommands } from './trust-domain-rotation.ts';
import { addSubordinateCommands } from './trust-domain-subordinate.ts';

export function addTrustDomainCommands(
  program: Command,
  connection: Connection,
  terminal: Terminal,
  approver: ApproverDeps,
  exit: (code: ExitCode) => void,
): void {
  const group = program.command('trust-domain').description('the CAs of a cluster or a fleet');
  group
    .command('create')
    .argument('<name>', 'the trust domain', subdomain)
    .description(
      "create CA keys in KMS and their CA certificates, each once; clusters that share a trust domain accept each other's client certificates",
    )
    .addOption(
      new Option(
        '--ca <name>',
        `create this CA if it is missing, one of ${CA_NAMES.join(', ')}; may be given several times (default: all for a new trust domain, none for an existing one)`,
      ).argParser(caNames),
    )
    .addOption(
      new Option('--key-spec <spec>', 'key spec of the new keys (default: ECC_NIST_P256)').choices(
        CA_KEY_SPECS,
      ),
    )
    .option('--validity-days <days>', 'validity of the CA certificates (default: 3650)', days)
    .option('--key-ca <arn>', 'use this KMS key for ca')
    .option('--key-etcd-ca <arn>', 'use this KMS key for etcd-ca')
    .option('--key-front-proxy-ca <arn>', 'use this KMS key for front-proxy-ca')
    .option('--key-kubelet-ca <arn>', 'use this KMS key for kubelet-ca')
    .addOption(tableOutputOption())
    .action(async (name: string, options: CreateOptions) => {
      const { create } = await import('../commands/trust-domain.ts');
      await create(connection, terminal, name, options);
    });
  group
    .command('show')
    .argument('<name>', 'the trust domain', subdomain)
    .description('show the CAs of a trust domain')
    .addOption(tableOutputOption())
    .action(async (name: string, { output }: { output: OutputFormat }) => {
      const { show } = await import('../commands/trust-domain.ts');
      await show(connection, terminal, name, output);
    });
  group
    .command('list')
    .description('list the trust domains, and the clusters that use each')
    .addOption(tableOutputOption())
    .action(async ({ output }: { output: OutputFormat }) => {
      const { list } = await import('../commands/trust-domain.ts');
      await list(connection, terminal, output);
    });
  addRenewCaCommand(group, connection, terminal);
  addInspectPkiCommand(group, terminal, exit);
  addAdoptionCommands(group, connection, terminal, exit);
  addSubordinateCommands(group, connection, terminal, exit);
  addRotationCommands(group, connection, terminal, approver, exit);
}
