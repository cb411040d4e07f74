/** `cakeless invite`: its options. */
import { type Command, Option } from 'commander';
import { CERTIFICATE_NAMES } from '../../lib/profiles/certificate-names.ts';
import type { Buckets } from '../buckets.ts';
import type { InviteOptions } from '../commands/invite.ts';
import { collect, durationSeconds, subdomain } from '../options.ts';
import { suggest } from '../suggestions.ts';
import type { Terminal } from '../terminal.ts';
import { addPlaceOptions, newRequestOption } from './place-options.ts';

export function addInviteCommand(program: Command, buckets: Buckets, terminal: Terminal): void {
  const command = program
    .command('invite')
    .description(
      'create a file with which a node without AWS credentials can submit and fetch one request',
    );
  addPlaceOptions(command, { node: 'the node', required: true })
    .requiredOption(
      '--out <file>',
      'output file for the invitation; anyone who has it can make this request as the node',
    )
    .addOption(newRequestOption())
    .addOption(
      suggest(
        new Option(
          '--name <certificate>',
          "a certificate name; may be given several times (default: all of kubeadm's)",
        ).argParser(collect),
        CERTIFICATE_NAMES,
      ),
    )
    .option(
      '--trust-domain <name>',
      "the cluster's trust domain (default: the one in the cluster record)",
      subdomain,
    )
    .option(
      '--expires-in <duration>',
      'how long the invitation is valid: at most 168h, and not longer than the AWS credentials (default: 24h)',
      durationSeconds,
    )
    .action(async (options: InviteOptions) => {
      const { inviteNode } = await import('../commands/invite.ts');
      await inviteNode(buckets, terminal, options);
    });
}
