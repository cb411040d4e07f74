/** `cakeless submit`: uploads the CSRs of a folder as one request. */
import type { Command } from 'commander';
import { systemClock } from '../clock.ts';
import type { Connection } from '../connection.ts';
import { newRequestId } from '../node/exchange/request-id.ts';
import { submit } from '../node/exchange/submit.ts';
import { findWay, type WayOptions } from '../node/exchange/transport.ts';
import { outputOption } from '../options.ts';
import { type OutputFormat, printResult, type Terminal } from '../terminal.ts';
import { addNodeOptions } from './node-options.ts';
import { invitationOption, newRequestOption } from './place-options.ts';

export function addSubmitCommand(
  program: Command,
  connection: Connection,
  terminal: Terminal,
): void {
  const command = program
    .command('submit <dir>')
    .description(
      'upload the CSRs that kubeadm made below DIR; never reads or sends a key or a kubeconfig',
    );
  addNodeOptions(command)
    .addOption(invitationOption())
    .addOption(newRequestOption('name of this request; the same id again goes on where it stopped'))
    .addOption(outputOption())
    .action(async (folder: string, options: WayOptions & { output: OutputFormat }) => {
      const now = systemClock.now();
      const { exchange, place } = await findWay(connection, options, now);
      const request = place.request ?? newRequestId(now);
      const result = await submit(exchange, terminal, folder, { ...place, request });
      printResult(terminal, options.output, result, () => [
        `request ${result.request}: ${result.requests.length} CSRs of ${result.cluster}/${result.node} are uploaded`,
        options.invitation === undefined
          ? `next: cakeless fetch --cluster ${result.cluster} --node ${result.node} --request ${result.request} --out ${folder}`
          : `next: cakeless fetch --invitation ${options.invitation} --out ${folder}`,
      ]);
    });
}
