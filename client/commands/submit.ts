/** `cakeless submit`: uploads the CSRs of a folder as one request. */
import type { Command } from 'commander';
import { systemClock } from '../clock.ts';
import type { Connection } from '../connection.ts';
import { newRequestId } from '../node/exchange/request-id.ts';
import { type Submitted, submit } from '../node/exchange/submit.ts';
import { openTransport, type TransportOptions } from '../node/exchange/transport.ts';
import { outputOption } from '../options.ts';
import { type OutputFormat, printResult, type Terminal } from '../terminal.ts';
import { countOf } from '../wording/count.ts';
import { addNodeOptions } from './node-options.ts';
import { invitationOption, newRequestOption } from './place-options.ts';

export function addSubmitCommand(
  program: Command,
  connection: Connection,
  terminal: Terminal,
): void {
  const command = program
    .command('submit <dir>')
    .description('upload the CSRs below DIR; never reads or sends a key or a kubeconfig');
  addNodeOptions(command)
    .addOption(invitationOption())
    .addOption(newRequestOption('name of this request; the same id resumes an interrupted upload'))
    .addOption(outputOption())
    .action(async (folder: string, options: TransportOptions & { output: OutputFormat }) => {
      const now = systemClock.now();
      const { exchange, place } = await openTransport(connection, options, now);
      const request = place.request ?? newRequestId(now);
      const result = await submit(exchange, terminal, folder, { ...place, request });
      printResult(terminal, options.output, result, () =>
        describe(result, folder, options.invitation),
      );
    });
}

function describe(
  { cluster, node, request, requests }: Submitted,
  folder: string,
  invitation: string | undefined,
): string[] {
  const place =
    invitation === undefined
      ? `--cluster ${cluster} --node ${node} --request ${request}`
      : `--invitation ${invitation}`;
  return [
    `submitted ${countOf(requests.length, 'CSR')} of ${cluster}/${node} as request ${request}`,
    `next: cakeless fetch ${place} --out ${folder}`,
  ];
}
