import { requestAddress } from '../approvals/request-address.ts';
import { showRequest } from '../approvals/show.ts';
import { openBoth } from '../buckets.ts';
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
  const shown = await showRequest(await openBoth(connection), address, clock.now());
  printResult(terminal, output, shown, () => describeRequest(shown));
}
