/** What approvers do at a service in memory, through the code of their commands. */

import { Command } from 'commander';
import { addApprovalCommands } from '../../../client/command-line/approvals.ts';
import { addRequestCommand } from '../../../client/command-line/request.ts';
import { addStandingApprovalCommand } from '../../../client/command-line/standing-approval.ts';
import type { InMemoryService } from '../../support/in-memory-service.ts';

export const ALICE = 'AROAAPPROVER:alice';
export const BOB = 'AROAAPPROVER:bob';

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  /** What the command threw. */
  readonly error: {
    readonly code?: string;
    readonly message?: string;
    readonly lines?: readonly string[];
    readonly hint?: string;
  };
  /** What it asked on the terminal. */
  readonly asked: readonly string[];
}

interface Situation {
  /** `aws:userid` of the caller. */
  readonly as?: string;
  /** Answers to questions, in their order; without them there is no terminal. */
  readonly answers?: readonly (string | (() => string))[];
}

export async function run(
  memory: InMemoryService,
  args: readonly string[],
  { as = ALICE, answers }: Situation = {},
): Promise<Ran> {
  const [printed, said, asked]: [string[], string[], string[]] = [[], [], []];
  const connection = {
    exchange: async () => memory.exchange,
    authority: async () => memory.authority,
    userId: async () => as,
  };
  const terminal = {
    print: (line: string) => void printed.push(line),
    progress: (line: string) => void said.push(line),
  };
  const left = answers && [...answers];
  const prompt = {
    ask: async (question: string) => {
      if (left === undefined) return undefined;
      asked.push(question);
      const answer = left.shift() ?? '';
      return typeof answer === 'string' ? answer : answer();
    },
  };
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  const clock = { now: () => memory.now };
  addApprovalCommands(program, connection, { terminal, prompt, clock });
  addRequestCommand(program, connection, { terminal, clock });
  addStandingApprovalCommand(program, connection, { terminal, prompt, clock });
  const error: unknown = await program.parseAsync(args, { from: 'user' }).then(
    () => ({}),
    (reason: unknown) => reason,
  );
  return {
    stdout: printed.join('\n'),
    stderr: said.join('\n'),
    error: error as Ran['error'],
    asked,
  };
}
