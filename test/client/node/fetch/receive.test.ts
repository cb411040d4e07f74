/** What a fetched certificate is compared with. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findOutcomes } from '../../../../client/node/exchange/outcomes.ts';
import { RelayedExchange } from '../../../../client/node/exchange/relay-file.ts';
import { receive } from '../../../../client/node/fetch/receive.ts';
import { bundlesOf } from '../../../../client/node/trust/read-bundle.ts';
import { LIMITS } from '../../../../lib/limits.ts';
import { itMounts, mountOn, unmount } from '../../../support/mounted.ts';
import { CLUSTER, NodeFixture } from '../../../support/node-folder.ts';
import { giveAway, itAsRoot } from '../../../support/other-user.ts';
import { cakeless } from '../../../support/running-service-command.ts';

let fixture: NodeFixture;
let out: string;
beforeAll(async () => {
  fixture = await NodeFixture.make();
});
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'cakeless-receive-'));
});
afterEach(() => rmSync(out, { recursive: true }));
afterAll(() => fixture.close());

const bodyOf = async (key: string) =>
  Buffer.from((await fixture.exchange().get(key, 1e6))?.body ?? '');
const keysOf = (name: string) => [
  `requests/${CLUSTER}/${fixture.node}/first/${name}.csr`,
  `certificates/${CLUSTER}/${fixture.node}/first/${name}.crt`,
];

/** A bucket in which CSR and certificate of scheduler.conf are those of another component. */
async function fetchScheduler(actual: string) {
  const [[csr = '', crt = ''], [csrKey = '', crtKey = '']] = [
    keysOf(actual),
    keysOf('scheduler.conf'),
  ];
  const object = async (key: string, from: string, metadata = {}) => ({
    ...{ key, metadata, body: (await bodyOf(from)).toString('base64') },
  });
  const trust = 'trust/fleet/ca.crt';
  const objects = await Promise.all([
    object(csrKey, csr),
    object(crtKey, crt, { 'trust-domain': 'fleet' }),
    object(trust, trust),
  ]);
  const place = { cluster: CLUSTER, node: fixture.node, request: 'first' };
  const exchange = new RelayedExchange({ objects });
  const [outcome] = await findOutcomes(exchange, place);
  if (!outcome) throw new Error('no outcome');
  return receive(sourceOf(exchange), outcome, out, new Date());
}

const sourceOf = (exchange: RelayedExchange) => ({ exchange, bundle: bundlesOf(exchange) });

it('compares the certificate with the CSR on disk, whatever CSR is in the bucket', async () => {
  const [csrKey = ''] = keysOf('scheduler.conf');
  writeFileSync(join(out, 'scheduler.conf.csr'), await bodyOf(csrKey));
  const strange = await fetchScheduler('controller-manager.conf');
  expect(strange).toMatchObject({ outcome: 'check-failed' });
  expect(strange.problems).toContain('its public key is not that of the CSR');
  expect(existsSync(join(out, 'scheduler.conf.crt'))).toBe(false);
  expect(await fetchScheduler('scheduler.conf')).toMatchObject({ outcome: 'issued' });
});

it('without a CSR on disk, compares it with the one in the bucket', async () => {
  const received = await fetchScheduler('scheduler.conf');
  expect(received).toMatchObject({ outcome: 'issued', file: join(out, 'scheduler.conf.crt') });
  expect(readFileSync(received.file ?? '', 'utf8')).toMatch(/^-----BEGIN CERTIFICATE-----\n/);
});

it('writes nothing if the CSR on disk cannot be read', async () => {
  writeFileSync(join(out, 'scheduler.conf.csr'), 'nothing');
  const received = await fetchScheduler('scheduler.conf');
  expect(received).toMatchObject({
    outcome: 'check-failed',
    problems: ['its CSR cannot be read'],
  });
});

it.each([
  [
    'is too large',
    'x'.repeat(LIMITS.maxOutcomeBytes + 1),
    /^the certificate cannot be read: it has \d+ bytes$/,
  ],
  ['is not PEM', 'x', /^it is not a PEM certificate$/],
])('writes nothing if the certificate %s', async (_, text, problem) => {
  const [key = '', crt = ''] = keysOf('scheduler.conf');
  const objects = [
    { key, metadata: {}, body: (await bodyOf(key)).toString('base64') },
    { key: crt, metadata: { 'trust-domain': 'fleet' }, body: Buffer.from(text).toString('base64') },
    {
      key: 'trust/fleet/ca.crt',
      metadata: {},
      body: (await bodyOf('trust/fleet/ca.crt')).toString('base64'),
    },
  ];
  const exchange = new RelayedExchange({ objects });
  const place = { cluster: CLUSTER, node: fixture.node, request: 'first' };
  const [outcome] = await findOutcomes(exchange, place);
  if (!outcome) throw new Error('no outcome');
  expect(await receive(sourceOf(exchange), outcome, out, new Date())).toMatchObject({
    outcome: 'check-failed',
    problems: [expect.stringMatching(problem)],
  });
  expect(existsSync(join(out, 'scheduler.conf.crt'))).toBe(false);
});

describe('an output folder that cannot be written to', () => {
  const fetchTo = (folder: string) => {
    const place = ['--cluster', CLUSTER, '--node', fixture.node, '--request', 'first'];
    return cakeless(fixture.environment(), 'fetch', ...place, '--out', folder);
  };

  it('because it is a file is a wrong argument, and not a failed check', async () => {
    const file = join(out, 'README.md');
    writeFileSync(file, '');
    expect(await fetchTo(file)).toMatchObject({
      exitCode: 2,
      stdout: '',
      stderr: expect.stringMatching(/README\.md: not usable as the output folder.*\n.*--out$/m),
    });
  });

  it('because it is below a file, or has too long a name, is a wrong argument, too', async () => {
    writeFileSync(join(out, 'README.md'), '');
    for (const path of ['README.md/out', 'x'.repeat(300)])
      expect(await fetchTo(join(out, path))).toMatchObject({
        exitCode: 2,
        stderr: expect.stringContaining('not usable as the output folder'),
      });
  });

  itMounts('because the disk is full is a failure, and not a failed check', async () => {
    if (!mountOn(out, 'size=4k')) throw new Error('no mount');
    try {
      expect(await fetchTo(out)).toMatchObject({
        exitCode: 1,
        stdout: '',
        stderr: expect.stringMatching(/^cakeless: \S+: no space left on device$/m),
      });
    } finally {
      unmount(out);
    }
  });

  itAsRoot('because it belongs to another user is refused, unless that is pki/etcd', async () => {
    mkdirSync(join(out, 'pki/etcd'), { recursive: true });
    giveAway(join(out, 'pki/etcd'));
    expect((await fetchTo(out)).exitCode).toBe(0);
    expect(existsSync(join(out, 'pki/etcd/server.crt'))).toBe(true);
    giveAway(out);
    rmSync(join(out, 'pki'), { recursive: true });
    expect(await fetchTo(out)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining(`users other than root can change ${out}`),
    });
  });

  it('a FIFO where a key should be is a failure, and not waited for', async () => {
    execFileSync('mkfifo', [join(out, 'admin.conf.key')]);
    expect(await fetchTo(out)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('admin.conf.key: not a regular file'),
    });
  });
});
