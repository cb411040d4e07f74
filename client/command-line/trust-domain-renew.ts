/** `cakeless trust-domain renew`: its options. */
import type { Command } from 'commander';
import { CA_NAMES } from '../../lib/profiles/certificate-names.ts';
import type { RenewCaOptions } from '../commands/trust-domain-renew.ts';
import type { Connection } from '../connection.ts';
import { days, subdomain, tableOutputOption } from '../options.ts';
import type { Terminal } from '../terminal.ts';
import { caName } from './ca-name.ts';

export function addRenewCaCommand(
  group: Command,
  connection: Connection,
  terminal: Terminal,
): void {
  group
    .command('renew')
    .argument('<name>', 'the trust domain', subdomain)
    .description(
      'renew the certificate of a CA with the same key and subject; the certificates before and after verify the same',
    )
    .requiredOption('--ca <name>', `the CA, one of ${CA_NAMES.join(', ')}`, caName)
    .option('--validity-days <days>', 'validity from now (default: 3650)', days)
    .option('--dry-run', 'show what would be renewed, and change nothing')
    .addOption(tableOutputOption())
    .action(async (name: string, options: RenewCaOptions) => {
      const { renewCa } = await import('../commands/trust-domain-renew.ts');
      await renewCa(connection, terminal, name, options);
    });
}
