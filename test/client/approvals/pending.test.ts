/** `cakeless pending` with pending documents that it cannot read. */
import { Command } from 'commander';
import type { Buckets } from '../../../client/buckets.ts';
import { addApprovalCommands } from '../../../client/commands/approvals.ts';
import type { CommandError } from '../../../client/errors.ts';
import { MemoryStore } from '../../support/memory-store.ts';

const keyOf = (id: string) => `certificates/prod/cp-1/${id}/admin.conf.pending.json`;
const pending = (id: string, more: object = {}) =>
  JSON.stringify({
    request: `requests/prod/cp-1/${id}/admin.conf.csr`,
    certificateName: 'admin.conf',
    since: '2026-11-26T12:00:00Z',
    waitingFor: 'approval',
    csrSha256: 'x',
    trustDomain: 'fleet',
    validitySeconds: 60,
    ...more,
  });

async function runPending(objects: Record<string, string>, ...args: string[]) {
  const exchange = new MemoryStore();
  for (const [key, body] of Object.entries(objects)) exchange.seed(key, body);
  const printed: string[] = [];
  const terminal = {
    print: (line: string) => void printed.push(line),
    progress: () => undefined,
  };
  const program = new Command();
  const buckets: Buckets = { exchange: async () => exchange, authority: async () => exchange };
  addApprovalCommands(program, buckets, terminal);
  const error = await program.parseAsync(['pending', ...args], { from: 'user' }).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { printed: printed.join('\n'), error };
}

it('lists the others, and then fails with the keys and reasons', async () => {
  const { printed, error } = await runPending(
    {
      [keyOf('r1')]: pending('r1', { limit: 1, mustUnderstand: ['limit'] }),
      [keyOf('r2')]: pending('r2'),
      [keyOf('r3')]: 'not JSON',
    },
    '-o',
    'json',
  );
  expect(JSON.parse(printed)).toMatchObject([{ request: 'requests/prod/cp-1/r2/admin.conf.csr' }]);
  expect(error).toMatchObject({ code: 'failure' });
  expect((error as CommandError).lines).toEqual([
    '2 not listed, because they cannot be read:',
    expect.stringMatching(new RegExp(`^${keyOf('r1')}: .*limit`)),
    `${keyOf('r3')}: not JSON`,
  ]);
});

it('does not claim that no request needs approval if it could read none', async () => {
  const { printed, error } = await runPending({ [keyOf('r1')]: 'not JSON' });
  expect([printed, error]).toEqual(['', expect.objectContaining({ code: 'failure' })]);
});
