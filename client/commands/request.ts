import { requestAddress } from '../approvals/request-address.ts';
import { showRequest } from '../approvals/show.ts';
import { type OutputFormat, printResult } from '../terminal.ts';
import type { ApproverConnection, ApproverDeps } from './decisions.ts';
import { describeRequest } from './describe-request.ts';

export async function printRequest(
  connection: ApproverConnection,
  { terminal, clock }: Omit<ApproverDeps, 'prompt'>,
  request: string,
  output: OutputFormat,
): Promise<void> {
  const address = requestAddress(request);
  const [exchange, authority] = await Promise.all([connection.exchange(), connection.authority()]);
  const shown = await showRequest({ exchange, authority }, address, clock.now());
  printResult(terminal, output, shown, () => describeRequest(shown));
}
