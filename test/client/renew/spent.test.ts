/** An answer that can never become good holds up nobody: its request is closed, and the next run asks anew. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renew } from '../../../client/node/renewal/renew.ts';
import { NodeFixture } from '../../support/node-folder.ts';
import {
  answerKey,
  clockAhead,
  renewWish,
  renewWithAnswer,
  renewWorld,
  textOf,
} from '../../support/renewal.ts';

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
  const wish = (request?: string) =>
    renewWish(fixture, ['apiserver'], { request, waitSeconds: request === undefined ? 60 : 0 });
  await renew(renewWorld(fixture, folder), wish('late'));
  await textOf(fixture, answerKey(fixture, 'late', 'pki/apiserver.crt'));
  const later = renewWorld(fixture, folder, { clock: clockAhead(400 * DAY) });
  const report = await renew(later, wish());
  expect(report.certificates).toMatchObject([
    {
      outcome: 'check-failed',
      problems: expect.arrayContaining([expect.stringMatching(/expired/)]),
    },
  ]);
  expect(open(folder)).toEqual([]);
  const next = await renew(renewWorld(fixture, folder), wish());
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
    const run = await renewWithAnswer(fixture, folder, 'same', () => old, '--reuse-key');
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
    const run = await renewWithAnswer(fixture, folder, 'third', () => first, '--reuse-key');
    expect([run.exitCode, run.stdout]).toEqual([
      7,
      expect.stringContaining('it is older than the one in place'),
    ]);
    expect([open(folder), certificate(folder)]).toEqual([[], second]);
  });
});
