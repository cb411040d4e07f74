/** `cakeless trust-domain csr` and `import-certificate`: their options. */
import { type Command, Option } from 'commander';
import { CA_NAMES } from '../../lib/profiles/certificate-names.ts';
import { CA_KEY_SPECS } from '../../lib/signing/signing-algorithm.ts';
import type { CsrOptions, ImportOptions } from '../commands/trust-domain-subordinate.ts';
import type { Connection } from '../connection.ts';
import type { ExitCode } from '../exit-codes.ts';
import { subdomain, tableOutputOption } from '../options.ts';
import type { Terminal } from '../terminal.ts';
import { caName, caNames } from './ca-name.ts';

export function addSubordinateCommands(
  group: Command,
  connection: Connection,
  terminal: Terminal,
  exit: (code: ExitCode) => void,
): void {
  group
    .command('csr')
    .argument('<name>', 'the trust domain', subdomain)
    .description(
      'have KMS sign CSRs for CAs whose certificates a corporate CA issues, for the first time, to renew them, or to rotate them',
    )
    .addOption(
      new Option(
        '--ca <name>',
        `a CSR of this CA, one of ${CA_NAMES.join(', ')}; may be given several times (default: all)`,
      ).argParser(caNames),
    )
    .addOption(
      new Option('--key-spec <spec>', 'key spec of new keys (default: ECC_NIST_P256)').choices(
        CA_KEY_SPECS,
      ),
    )
    .option('--common-name <name>', "with one --ca: its common name (default: kubeadm's)")
    .option('--key <key>', 'with one --ca: use this KMS key, an ARN or alias')
    .option(
      '--successor',
      'with --ca: for a new version of the CA, with a new key, to which it is to be rotated',
    )
    .option('--out <dir>', 'write each CSR to a file of this folder instead of standard output')
    .addOption(tableOutputOption())
    .action(async (name: string, options: CsrOptions) => {
      const { csr } = await import('../commands/trust-domain-subordinate.ts');
      await csr(connection, terminal, name, options);
    });
  group
    .command('import-certificate')
    .argument('<name>', 'the trust domain', subdomain)
    .description(
      'import the certificate that a corporate CA issued for a CA: the first one or one that renews it, which is published, or one for a rotation, which is not published before that starts',
    )
    .requiredOption('--ca <name>', `the CA, one of ${CA_NAMES.join(', ')}`, caName)
    .requiredOption('--certificate <file>', 'its certificate in PEM')
    .requiredOption(
      '--chain <file>',
      'the certificates above it in PEM: each is issued by the next, and the last is the root',
    )
    .option('--csr <file>', 'the CSR: its key is compared before anything is sent')
    .option('--key <key>', 'the KMS key, an ARN or alias (default: that of the deployment)')
    .option(
      '--dry-run',
      'check the files, and show what would be imported or renewed; change nothing',
    )
    .addOption(tableOutputOption())
    .action(async (name: string, options: ImportOptions) => {
      const { importCertificate } = await import('../commands/trust-domain-subordinate.ts');
      exit(await importCertificate(connection, terminal, name, options));
    });
}
