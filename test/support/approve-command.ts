/** Approves with the command, as a script does: it looks at the plan of a request, and names it. */

/** Runs `cakeless` as an approver, and returns its standard output. @throws Error unless it exits with 0 */
export type ApproverCommand = (...args: string[]) => Promise<string>;

/** @param request its key, with or without the `requests/` prefix */
export async function approveRequest(
  cakeless: ApproverCommand,
  request: string,
  reason = 'ticket 4711',
): Promise<void> {
  const shown: { pending?: { plan?: string; problems: string[] } } = JSON.parse(
    await cakeless('request', 'show', request, '-o', 'json'),
  );
  const { plan, problems = [] } = shown.pending ?? {};
  if (plan === undefined) throw new Error(`${request}: has no plan: ${problems.join('; ')}`);
  await cakeless('approve', request, '--reason', reason, '--plan', plan);
}

/** Gives a standing approval in the same way. */
export async function approveStanding(
  cakeless: ApproverCommand,
  cluster: string,
  names: readonly string[],
  reason = 'ticket 4711',
): Promise<void> {
  const command = ['standing-approval', cluster, ...names];
  const { plan }: { plan: string } = JSON.parse(
    await cakeless(...command, '--dry-run', '-o', 'json'),
  );
  await cakeless(...command, '--reason', reason, '--plan', plan);
}
