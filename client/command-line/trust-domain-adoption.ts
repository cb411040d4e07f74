/** `cakeless trust-domain adopt` and `wrap-keys`: their options. */
import type { Command } from 'commander';
import type { AdoptOptions, WrapKeysOptions } from '../commands/trust-domain-adoption.ts';
import type { Connection } from '../connection.ts';
import type { ExitCode } from '../exit-codes.ts';
import { collect, subdomain, tableOutputOption } from '../options.ts';
import type { Terminal } from '../terminal.ts';
import { adoptableCaOption } from './adoptable-ca.ts';
import { addFolderOptions } from './node-options.ts';

export function addAdoptionCommands(
  group: Command,
  connection: Connection,
  terminal: Terminal,
  exit: (code: ExitCode) => void,
): void {
  addAdopt(group, connection, terminal, exit);
  addFolderOptions(
    group
      .command('wrap-keys')
      .description(
        'wrap the CA keys of this control plane for KMS, for adopt --finish; uses no network',
      ),
  )
    .requiredOption(
      '--from <dir>',
      'the folder from adopt --begin; the wrapped keys are written to it',
    )
    .option(
      '--wrapping-key-hash <hash>',
      'hash of the wrapping key of a CA, as adopt --begin printed it; may be given several times, once for each CA',
      collect,
    )
    .addOption(tableOutputOption())
    .action(async (options: WrapKeysOptions) => {
      const { wrapKeys } = await import('../commands/trust-domain-adoption.ts');
      await wrapKeys(terminal, options);
    });
}

function addAdopt(
  group: Command,
  connection: Connection,
  terminal: Terminal,
  exit: (code: ExitCode) => void,
): void {
  const command = group
    .command('adopt')
    .argument('<name>', 'the trust domain', subdomain)
    .description(
      'import the CA keys of this control plane into KMS, and adopt their CAs: their certificates stay as they are',
    );
  addFolderOptions(command)
    .addOption(adoptableCaOption('adopt only this CA'))
    .option('--key-ca <key>', 'import into this KMS key for ca: an ARN or alias')
    .option('--key-etcd-ca <key>', 'import into this KMS key for etcd-ca')
    .option('--key-front-proxy-ca <key>', 'import into this KMS key for front-proxy-ca')
    .option('--dry-run', 'check the files and show what would be adopted; call nothing')
    .option(
      '--begin',
      'for control planes that cannot reach KMS: get wrapping keys from KMS, and write them to --out',
    )
    .option(
      '--out <dir>',
      'with --begin: the folder to write, which is carried to the control plane',
    )
    .option('--finish <dir>', 'import the keys that wrap-keys wrapped in this folder, and adopt')
    .option(
      '--ca-cert-hash <hash>',
      'with --finish: hash of the public key of a CA, as wrap-keys printed it; may be given several times, once for each CA',
      collect,
    )
    .addOption(tableOutputOption())
    .action(async (name: string, options: AdoptOptions) => {
      const { adopt } = await import('../commands/trust-domain-adoption.ts');
      exit(await adopt(connection, terminal, name, options));
    });
}
