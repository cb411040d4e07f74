/**
 * A certificate that can never become valid blocks nothing: its request is closed, and the next run makes a new one.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renew } from '../../../../client/node/renewal/renew.ts';
import { CLUSTER, NodeFixture } from '../../../support/node-folder.ts';
import {
  clockAhead,
  outcomeKey,
  renewalDeps,
  renewalOptions,
  renewWithOutcome,
  requestOnly,
  textOf,
} from '../../../support/renewal.ts';
import { cakeless } from '../../../support/running-service-command.ts';

let fixture: NodeFixture;
beforeAll(async () => {
  fixture = await NodeFixture.make();
});
afterAll(() => fixture.close());

const open = (folder: string) => readdirSync(join(folder, 'cakeless/requests'));
const certificate = (folder: string) => readFileSync(join(folder, 'pki/apiserver.crt'), 'utf8');
const DAY = 86_400_000;

it.each([
  ['truncated', 'cut', (pem: string) => pem.slice(0, 100)],
  ['for another key', 'other', () => certificate(fixture.template)],
])(
  'a certificate that is %s is reported once, and the next run requests a new one',
  async (_, request, change) => {
    const folder = fixture.copy();
    const run = await renewWithOutcome(fixture, folder, request, change);
    expect([run.exitCode, run.stdout]).toEqual([
      7,
      expect.stringContaining('the next run requests a new one'),
    ]);
    expect(open(folder)).toEqual([]);
    const next = await fixture.run(folder, 'renew', 'apiserver', '--no-restart');
    expect([next.exitCode, certificate(folder) === certificate(fixture.template)]).toEqual([
      0,
      false,
    ]);
  },
);

it('a certificate that expired before it was fetched is requested again by the timer', async () => {
  const folder = fixture.copy();
  const options = renewalOptions(fixture, ['apiserver']);
  await requestOnly(fixture, folder, 'late');
  await textOf(fixture, outcomeKey(fixture, 'late', 'pki/apiserver.crt'));
  const later = renewalDeps(fixture, folder, { clock: clockAhead(400 * DAY) });
  const report = await renew(later, options);
  expect(report.certificates).toMatchObject([
    {
      outcome: 'check-failed',
      problems: expect.arrayContaining([expect.stringMatching(/expired/)]),
    },
  ]);
  expect(open(folder)).toEqual([]);
  const next = await renew(renewalDeps(fixture, folder), options);
  expect(next.certificates).toMatchObject([{ outcome: 'renewed' }]);
});

it('a request stays open if a correct clock or other CA files would solve the problem', async () => {
  const folder = fixture.copy();
  const options = renewalOptions(fixture, ['apiserver'], { request: 'patient' });
  const behind = renewalDeps(fixture, folder, { clock: clockAhead(-DAY) });
  expect((await renew(behind, options)).certificates).toMatchObject([{ outcome: 'check-failed' }]);
  expect(open(folder)).toEqual(['patient']);
  const ca = join(folder, 'pki/ca.crt');
  const right = readFileSync(ca);
  writeFileSync(ca, readFileSync(join(folder, 'pki/front-proxy-ca.crt')));
  const untrusted = await renew(renewalDeps(fixture, folder), options);
  expect(untrusted.certificates).toMatchObject([{ outcome: 'check-failed' }]);
  expect(open(folder)).toEqual(['patient']);
  writeFileSync(ca, right);
  const last = await renew(renewalDeps(fixture, folder), options);
  expect(last.certificates).toMatchObject([{ outcome: 'renewed' }]);
  expect(open(folder)).toEqual([]);
});

describe('with --reuse-key an old certificate matches the key, and is refused', () => {
  const renewReusing = (folder: string, request: string) =>
    fixture.run(folder, 'renew', 'apiserver', '--no-restart', '--reuse-key', '--request', request);

  it('if it is the current certificate', async () => {
    const folder = fixture.copy();
    const old = certificate(folder);
    const run = await renewWithOutcome(fixture, folder, 'same', () => old, { reuseKey: true });
    expect([run.exitCode, run.stdout]).toEqual([
      7,
      expect.stringContaining('it is the certificate that it should replace'),
    ]);
    expect([open(folder), certificate(folder)]).toEqual([[], old]);
    expect((await renewReusing(folder, 'same-again')).exitCode).toBe(0);
    expect(certificate(folder)).not.toBe(old);
  });

  it('if it is older than the current certificate', async () => {
    const folder = fixture.copy();
    const first = certificate(folder);
    expect((await renewReusing(folder, 'second')).exitCode).toBe(0);
    const second = certificate(folder);
    const run = await renewWithOutcome(fixture, folder, 'third', () => first, { reuseKey: true });
    expect([run.exitCode, run.stdout]).toEqual([
      7,
      expect.stringContaining('it is older than the current certificate'),
    ]);
    expect([open(folder), certificate(folder)]).toEqual([[], second]);
  });
});

describe('a request id is used once', () => {
  const fixed = (folder: string, name: string) =>
    fixture.run(folder, 'renew', name, '--no-restart', '--request', 'fixed');

  it('a fixed id is refused the second time, before anything is journaled', async () => {
    const folder = fixture.copy();
    expect((await fixed(folder, 'admin.conf')).exitCode).toBe(0);
    const again = await fixed(folder, 'admin.conf');
    expect([again.exitCode, again.stderr]).toEqual([
      2,
      expect.stringContaining(
        'request fixed was already used for admin.conf; nothing was uploaded',
      ),
    ]);
    expect(open(folder)).toEqual([]);
    expect((await fixed(folder, 'scheduler.conf')).exitCode).toBe(0);
    expect((await fixture.run(folder, 'renew', 'admin.conf', '--no-restart')).exitCode).toBe(0);
  });

  it('the request of a CSR in --csr-dir that was already uploaded is resumed', async () => {
    const folder = fixture.copy();
    const staging = join(folder, 'staging');
    const place = ['--cluster', CLUSTER, '--node', fixture.node, '--request', 'by-hand'];
    await fixture.run(folder, 'csr', 'etcd-peer', '--out', staging);
    await cakeless(fixture.environment(), 'submit', staging, ...place);
    const args = ['renew', 'etcd-peer', '--no-restart', '--request', 'by-hand'];
    expect((await fixture.run(folder, ...args, '--csr-dir', staging)).exitCode).toBe(0);
  });

  it('a request whose keys were lost is closed, and no other', async () => {
    const folder = fixture.copy();
    const requests = join(folder, 'cakeless/requests');
    await requestOnly(fixture, folder, 'lost');
    rmSync(join(requests, 'lost/pki'), { recursive: true });
    const run = await fixture.run(folder, 'renew', 'apiserver', 'admin.conf', '--no-restart');
    expect([run.exitCode, run.stdout]).toEqual([
      7,
      expect.stringMatching(
        /apiserver: not installed: another CSR was uploaded under this request/,
      ),
    ]);
    expect(run.stdout).toMatch(/admin.conf +renewed/);
    expect(open(folder)).toEqual([]);
    expect((await fixture.run(folder, 'renew', 'apiserver', '--no-restart')).exitCode).toBe(0);
  });
});
