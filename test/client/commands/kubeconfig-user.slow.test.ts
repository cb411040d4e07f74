/** `cakeless kubeconfig user` against a running service: issued, approved, rejected, resumed, kept, and with pinned CAs. */

import { spawnSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { approveRequest } from '../../support/approve-command.ts';
import { mustCakeless } from '../../support/running-service-command.ts';
import { COMMAND } from '../../support/running-service-process.ts';
import {
  approver,
  CLUSTER,
  folder,
  kept,
  open,
  SERVER,
  service,
  setRule,
  state,
  user,
} from './kubeconfig-user.ts';

it('prints a kubeconfig with the requested validity and deletes the key', async () => {
  await setRule({ approvalRequired: false, organizations: ['team-a', 'team-b'] });
  const asked = ['--client-name', 'jane@example.com', '--org', 'team-a', '--org', 'team-b'];
  const run = await user(...asked, '--validity-period', '2h');
  expect(run).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('--ca-cert-hash') });
  const { leaf, server, userName, isPair, ca } = open(run.stdout);
  expect({ server, userName, isPair }).toEqual({
    server: SERVER,
    userName: 'jane@example.com',
    isPair: true,
  });
  expect(leaf.subject).toBe('O=team-a + O=team-b\nCN=jane@example.com');
  expect(leaf.verify(ca.publicKey)).toBe(true);
  expect(Date.parse(leaf.validTo) - Date.parse(leaf.validFrom)).toBe((2 * 3600 + 300) * 1000);
  expect(kept()).toEqual([]);
});

it('keeps the key for its owner while the request needs approval, and resumes by request id', async () => {
  await setRule({ organizations: ['team-a'] });
  const asked = ['--client-name', 'bob', '--org', 'team-a'];
  const first = await user(...asked);
  expect(first).toMatchObject({ exitCode: 4, stdout: '' });
  const [request = ''] = kept();
  expect(first.stderr).toContain(`--request ${request}`);
  expect(first.stderr).toContain(`cakeless approve ${CLUSTER}/users/${request}/user.csr`);
  expect(statSync(join(state, CLUSTER, request, 'user.key')).mode & 0o777).toBe(0o600);
  expect(statSync(join(state, CLUSTER, request)).mode & 0o777).toBe(0o700);
  const other = await user('--client-name', 'eve', '--request', request);
  expect(other).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('is for bob') });
  const longer = await user(...asked, '--request', request, '--validity-period', '1h');
  expect(longer).toMatchObject({ exitCode: 2 });
  const listed = await approver('pending');
  expect(listed.stdout).toContain('O=team-a, CN=bob');
  const asApprover = (...args: string[]) => mustCakeless(service.as('approver'), ...args);
  await approveRequest(asApprover, `${CLUSTER}/users/${request}/user.csr`);
  const out = join(folder, 'bob.conf');
  const resumed = [...asked, '--request', request];
  const last = await user(...resumed, '--wait', '1m', '--kubeconfig-out', out);
  expect(last).toMatchObject({ exitCode: 0, stdout: '' });
  expect(statSync(out).mode & 0o777).toBe(0o600);
  expect(open(readFileSync(out, 'utf8')).leaf.subject).toBe('O=team-a\nCN=bob');
  expect(kept()).toEqual([]);
});

it('refuses to resume a request that does not exist', async () => {
  await setRule({ approvalRequired: false });
  const run = await user('--client-name', 'bob', '--request', 'nosuch');
  expect(run).toMatchObject({ exitCode: 2, stdout: '' });
  expect(run.stderr).toMatch(/no request nosuch.*\n.*--state-dir/);
  expect(kept()).toEqual([]);
});

it('prints why a request was rejected and deletes the key', async () => {
  await setRule({ approvalRequired: false });
  const run = await user('--client-name', 'kubernetes-admin', '--org', 'team-a');
  expect(run).toMatchObject({ exitCode: 3, stdout: '' });
  expect(run.stderr).toMatch(/user-name-forbidden: .*\n.*user-organization: /);
  await setRule(undefined);
  const nobody = await user('--client-name', 'jane');
  expect(nobody.stderr).toContain(`users is missing in the record of ${CLUSTER}`);
  expect(kept()).toEqual([]);
});

it('keeps the key if the kubeconfig cannot be written to standard output', async () => {
  await setRule({ approvalRequired: false });
  const asked = ['--cluster', CLUSTER, '--server', SERVER, '--state-dir', state];
  const command = [process.execPath, '--', COMMAND, 'kubeconfig', 'user', '--client-name', 'jo'];
  const full = spawnSync('sh', ['-c', '"$@" >/dev/full', 'sh', ...command, ...asked], {
    env: { ...service.as(`user-requester:${CLUSTER}`), PATH: process.env.PATH },
    encoding: 'utf8',
  });
  expect([full.status, full.stderr]).toEqual([1, expect.stringMatching(/ENOSPC.*are kept/)]);
  const [request = ''] = kept();
  const again = await user('--client-name', 'jo', '--request', request);
  expect([again.exitCode, open(again.stdout).isPair, kept()]).toEqual([0, true, []]);
});

it('trusts only a CA pinned by hash or by file', async () => {
  await setRule({ approvalRequired: false });
  const first = await user('--client-name', 'jane');
  const hash = /sha256:[0-9a-f]{64}/.exec(first.stderr)?.[0] ?? '';
  const ca = join(folder, 'ca.crt');
  writeFileSync(ca, open(first.stdout).ca.toString());
  const good = await user(
    '--client-name',
    'jane',
    '--ca-cert-hash',
    hash.toUpperCase().replace('SHA', 'sha'),
  );
  expect(good.exitCode).toBe(0);
  expect(good.stderr).not.toContain('the CA certificate comes from the exchange bucket');
  expect((await user('--client-name', 'jane', '--certificate-authority', ca)).exitCode).toBe(0);
  const wrong = await user('--client-name', 'jane', '--ca-cert-hash', `sha256:${'0'.repeat(64)}`);
  expect(wrong).toMatchObject({ exitCode: 7, stdout: '', stderr: expect.stringContaining(hash) });
  const bad = await user('--client-name', 'jane', '--ca-cert-hash', 'sha256:xyz');
  expect(bad.exitCode).toBe(2);
});
