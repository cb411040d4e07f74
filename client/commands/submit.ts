import { systemClock } from '../clock.ts';
import type { Connection } from '../connection.ts';
import { newRequestId } from '../node/exchange/request-id.ts';
import { type Submitted, submit } from '../node/exchange/submit.ts';
import { openTransport, type TransportOptions } from '../node/exchange/transport.ts';
import { type OutputFormat, printResult, type Terminal } from '../terminal.ts';
import { countOf } from '../wording/count.ts';

export type SubmitOptions = TransportOptions & { readonly output: OutputFormat };

export async function submitCsrs(
  connection: Connection,
  terminal: Terminal,
  folder: string,
  options: SubmitOptions,
): Promise<void> {
  const now = systemClock.now();
  const { exchange, place } = await openTransport(connection, options, now);
  const request = place.request ?? newRequestId(now);
  const result = await submit(exchange, terminal, folder, { ...place, request });
  printResult(terminal, options.output, result, () => describe(result, folder, options.invitation));
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
