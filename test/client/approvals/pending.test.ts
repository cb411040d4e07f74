/** `cakeless pending`: what waits, with everything that tells one request from another. */
import { mapSideBySide } from '../../../client/side-by-side.ts';
import { CLUSTER, InMemoryService } from '../../support/in-memory-service.ts';
import { csrOf, kubeadmSet } from '../../support/kubeadm-sets.ts';
import { run } from './approver.ts';

const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');

async function openWith(...requestIds: string[]) {
  const memory = await InMemoryService.open();
  const { node } = memory.declare(set);
  const csr = csrOf(set, 'super-admin.conf');
  const keys = requestIds.map((id) => memory.upload(node, csr, id));
  for (const key of keys) await memory.process(key);
  return { memory, node, keys };
}

const pendingKey = (node: string, id: string) =>
  `certificates/${CLUSTER}/${node}/${id}/super-admin.conf.pending.json`;

it('prints node, subject, validity and approvals of each request, in the order of their keys', async () => {
  const { memory, node, keys } = await openWith('r1', 'r2');
  const { stdout } = await run(memory, ['pending']);
  const lines = stdout.split('\n').map((line) => line.split(/ {3,}/));
  expect(lines).toEqual([
    [
      'NODE',
      'CERTIFICATE',
      'SUBJECT',
      'VALIDITY',
      'TRUST DOMAIN',
      'UPLOADER',
      'SINCE',
      'APPROVALS',
      'REQUEST',
    ],
    ...keys.map((key) => [
      `${CLUSTER}/${node}`,
      'super-admin.conf',
      'O=system:masters, CN=kubernetes-super-admin',
      '8760h0m0s',
      'fleet',
      'AWS:AROAEXAMPLENODE:i-0abc',
      '2026-11-24T12:00:00.000Z',
      '0 of 1',
      key,
    ]),
  ]);
});

it('a cluster that has neither requests nor a record is a misspelled name', async () => {
  const { memory } = await openWith('r1');
  expect((await run(memory, ['pending', '--cluster', CLUSTER])).error).toEqual({});
  expect((await run(memory, ['pending', '--cluster', 'nope'])).error).toMatchObject({
    code: 'usage',
    message: 'cluster nope: no such cluster record',
  });
});

it('two requests that differ only in their validity do not look the same', async () => {
  const { memory } = await openWith('r1');
  const before = await run(memory, ['pending']);
  const record = `clusters/${CLUSTER}.json`;
  const hour = { ...memory.authority.json(record), certificateValidityPeriod: '1h' };
  memory.authority.seed(record, JSON.stringify(hour));
  const after = await run(memory, ['pending']);
  expect([before.stdout, after.stdout]).toEqual([
    expect.stringContaining('8760h0m0s'),
    expect.stringMatching(/ 1h0m0s .*cannot be approved as it is: validity is 1h0m0s/s),
  ]);
});

it('-o json names the plan with which approve is run', async () => {
  const { memory, keys } = await openWith('r1');
  const { stdout } = await run(memory, ['pending', '-o', 'json', '--cluster', CLUSTER]);
  const [listed] = JSON.parse(stdout);
  expect(listed).toMatchObject({
    request: keys[0],
    certificateName: 'super-admin.conf',
    validitySeconds: 8760 * 3600,
    requiredApprovals: 1,
    problems: [],
  });
  const approve = ['approve', listed.request, '--reason', 'ok', '--plan', listed.plan];
  expect((await run(memory, approve)).stdout).toContain('1 of 1 approval');
});

describe('with pending documents that cannot be read', () => {
  it('lists the others, and then fails with the keys and reasons', async () => {
    const { memory, node, keys } = await openWith('r1', 'r2', 'r3');
    const [first, third] = [pendingKey(node, 'r1'), pendingKey(node, 'r3')];
    const widened = { ...memory.exchange.json(first), limit: 1, mustUnderstand: ['limit'] };
    memory.exchange.seed(first, JSON.stringify(widened));
    memory.exchange.seed(third, 'not JSON');
    const { stdout, error } = await run(memory, ['pending', '-o', 'json']);
    expect(JSON.parse(stdout)).toMatchObject([{ request: keys[1] }]);
    expect(error).toMatchObject({ code: 'failure' });
    expect(error.lines).toEqual([
      '2 not listed, because they cannot be read:',
      expect.stringMatching(new RegExp(`^${first}: .*limit`)),
      `${third}: not JSON`,
    ]);
  });

  it('does not claim that no request needs approval if it could read none', async () => {
    const { memory, node } = await openWith('r1');
    memory.exchange.seed(pendingKey(node, 'r1'), 'not JSON');
    const { stdout, error } = await run(memory, ['pending']);
    expect([stdout, error]).toEqual(['', expect.objectContaining({ code: 'failure' })]);
  });
});

it('reads side by side, but not all at once', async () => {
  let running = 0;
  let most = 0;
  const items = Array.from({ length: 100 }, (_, i) => i);
  const results = await mapSideBySide(items, async (i) => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    return 2 * i;
  });
  expect(results).toEqual(items.map((i) => 2 * i));
  expect(most).toBe(20);
});

it('an error ends it, and is the error of the whole', async () => {
  const failing = mapSideBySide([1, 2, 3], async (i) => {
    if (i === 2) throw new Error('two');
    return i;
  });
  await expect(failing).rejects.toThrow('two');
});
