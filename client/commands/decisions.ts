/** What all commands of approvers share: a reason, and the plan that was looked at. */
import type { Clock } from '../clock.ts';
import type { Connection } from '../connection.ts';
import { CommandError } from '../errors.ts';
import { MAX_REASON_LENGTH } from '../options.ts';
import type { Prompt } from '../prompt.ts';
import { confirm, type PersonDeps } from './confirm.ts';

/** The buckets, and who the caller is. */
export type ApproverConnection = Pick<Connection, 'exchange' | 'authority' | 'userId'>;

/** Who is at the terminal, and the time. */
export interface ApproverDeps extends PersonDeps {
  readonly clock: Pick<Clock, 'now'>;
}

/** @throws CommandError if there is no reason, and nobody can be asked for one */
export async function requireReason(prompt: Prompt, given: string | undefined): Promise<string> {
  const reason = given ?? (await prompt.ask('reason, for the record: '));
  if (reason !== undefined && reason !== '' && reason.length <= MAX_REASON_LENGTH) return reason;
  throw new CommandError(
    'usage',
    reason ? `the reason is longer than ${MAX_REASON_LENGTH} characters` : '--reason is missing',
    'say why with --reason TEXT, for the record',
  );
}

export interface PlanToConfirm {
  readonly digest: string;
  readonly description: readonly string[];
  /** The command so far, without --plan. */
  readonly command: string;
}

/**
 * Nobody approves what they have not seen: the plan is named on the command line, or shown and confirmed.
 * @param given the digest on the command line
 * @throws CommandError if the plan differs, or is not confirmed
 */
export const confirmPlan = (
  person: PersonDeps,
  given: string | undefined,
  { digest, description, command }: PlanToConfirm,
): Promise<void> =>
  confirm(person, given, {
    name: digest,
    description,
    command,
    option: '--plan',
    words: { what: 'the plan', verb: 'approve', done: 'approved' },
  });
