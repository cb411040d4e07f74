/** An answer that can never become good holds up nobody: its request is closed, and the next run asks anew. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renew } from '../../../../client/node/renewal/renew.ts';
import { CLUSTER, NodeFixture } from '../../../support/node-folder.ts';
import {
  answerKey,
  askOnly,
  clockAhead,
  renewWish,
  renewWithAnswer,
  renewWorld,
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
  ['cut off', 'cut', (pem: string) => pem.slice(0, 100)],
  ['of another certificate', 'other', () => certificate(fixture.template)],
])('an answer that is %s is told of once; the next run asks anew', async (_, request, change) => {
  const folder = fixture.copy();
  const run = await renewWithAnswer(fixture, folder, request, change);
  expect([run.exitCode, run.stdout]).toEqual([
    7,
    expect.stringContaining('the next run asks anew'),
  ]);
  expect(open(folder)).toEqual([]);
  const next = await fixture.run(folder, 'renew', 'apiserver', '--no-restart');
  expect([next.exitCode, certificate(folder) === certificate(fixture.template)]).toEqual([
    0,
    false,
  ]);
});

it('a certificate that expired before it was fetched is asked for anew by the timer', async () => {
  const folder = fixture.copy();
  const wish = renewWish(fixture, ['apiserver']);
  await askOnly(fixture, folder, 'late');
  await textOf(fixture, answerKey(fixture, 'late', 'pki/apiserver.crt'));
  const later = renewWorld(fixture, folder, { clock: clockAhead(400 * DAY) });
  const report = await renew(later, wish);
  expect(report.certificates).toMatchObject([
    {
      outcome: 'check-failed',
      problems: expect.arrayContaining([expect.stringMatching(/expired/)]),
    },
  ]);
  expect(open(folder)).toEqual([]);
  const next = await renew(renewWorld(fixture, folder), wish);
  expect(next.certificates).toMatchObject([{ outcome: 'renewed' }]);
});

it('what another clock or other CA files cure stays asked for', async () => {
  const folder = fixture.copy();
  const wish = renewWish(fixture, ['apiserver'], { request: 'patient' });
  const behind = renewWorld(fixture, folder, { clock: clockAhead(-DAY) });
  expect((await renew(behind, wish)).certificates).toMatchObject([{ outcome: 'check-failed' }]);
  expect(open(folder)).toEqual(['patient']);
  const ca = join(folder, 'pki/ca.crt');
  const right = readFileSync(ca);
  writeFileSync(ca, readFileSync(join(folder, 'pki/front-proxy-ca.crt')));
  const strange = await renew(renewWorld(fixture, folder), wish);
  expect(strange.certificates).toMatchObject([{ outcome: 'check-failed' }]);
  expect(open(folder)).toEqual(['patient']);
  writeFileSync(ca, right);
  const last = await renew(renewWorld(fixture, folder), wish);
  expect(last.certificates).toMatchObject([{ outcome: 'renewed' }]);
  expect(open(folder)).toEqual([]);
});

describe('with --reuse-key an old answer fits the key, and is refused', () => {
  const renewReusing = (folder: string, request: string) =>
    fixture.run(folder, 'renew', 'apiserver', '--no-restart', '--reuse-key', '--request', request);

  it('if it is the certificate in place', async () => {
    const folder = fixture.copy();
    const old = certificate(folder);
    const run = await renewWithAnswer(fixture, folder, 'same', () => old, { reuseKey: true });
    expect([run.exitCode, run.stdout]).toEqual([
      7,
      expect.stringContaining('it is the certificate that it should replace'),
    ]);
    expect([open(folder), certificate(folder)]).toEqual([[], old]);
    expect((await renewReusing(folder, 'same-again')).exitCode).toBe(0);
    expect(certificate(folder)).not.toBe(old);
  });

  it('if it is one from before that', async () => {
    const folder = fixture.copy();
    const first = certificate(folder);
    expect((await renewReusing(folder, 'second')).exitCode).toBe(0);
    const second = certificate(folder);
    const run = await renewWithAnswer(fixture, folder, 'third', () => first, { reuseKey: true });
    expect([run.exitCode, run.stdout]).toEqual([
      7,
      expect.stringContaining('it is older than the one in place'),
    ]);
    expect([open(folder), certificate(folder)]).toEqual([[], second]);
  });
});

describe('a request id is used once', () => {
  const fixed = (folder: string, name: string) =>
    fixture.run(folder, 'renew', name, '--no-restart', '--request', 'fixed');

  it('a fixed one is refused the second time, before anything is journaled', async () => {
    const folder = fixture.copy();
    expect((await fixed(folder, 'admin.conf')).exitCode).toBe(0);
    const again = await fixed(folder, 'admin.conf');
    expect([again.exitCode, again.stderr]).toEqual([
      2,
      expect.stringContaining('request fixed was used before for admin.conf; nothing was asked'),
    ]);
    expect(open(folder)).toEqual([]);
    expect((await fixed(folder, 'scheduler.conf')).exitCode).toBe(0);
    expect((await fixture.run(folder, 'renew', 'admin.conf', '--no-restart')).exitCode).toBe(0);
  });

  it('the CSR of --csr-dir that was uploaded under it already is gone on with', async () => {
    const folder = fixture.copy();
    const staging = join(folder, 'staging');
    const place = ['--cluster', CLUSTER, '--node', fixture.node, '--request', 'by-hand'];
    await fixture.run(folder, 'csr', 'etcd-peer', '--out', staging);
    await cakeless(fixture.environment(), 'submit', staging, ...place);
    const args = ['renew', 'etcd-peer', '--no-restart', '--request', 'by-hand'];
    expect((await fixture.run(folder, ...args, '--csr-dir', staging)).exitCode).toBe(0);
  });

  it('keys that were lost here close their request, and no other', async () => {
    const folder = fixture.copy();
    const requests = join(folder, 'cakeless/requests');
    await askOnly(fixture, folder, 'lost');
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
