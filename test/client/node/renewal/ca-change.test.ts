/** Which CA certificates a node accepts, and which hashes that takes. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatCaCertHash } from '../../../../client/node/trust/ca-cert-hash.ts';
import { CLUSTER, NodeFixture } from '../../../support/node-folder.ts';
import { putObject } from '../../../support/renewal.ts';
import { cakeless } from '../../../support/running-service-command.ts';

const root = mkdtempSync(join(tmpdir(), 'cakeless-cas-'));
let fixture: NodeFixture;
/** The CA that the service published first, and two foreign CAs. */
const pem = { good: '', next: '', evil: '' };

beforeAll(async () => {
  fixture = await NodeFixture.make();
  pem.good = readFileSync(join(fixture.template, 'pki/ca.crt'), 'utf8');
  pem.next = makeCa('next', 'kubernetes');
  pem.evil = makeCa('evil', 'evil');
});
afterEach(() => publish(pem.good));
afterAll(async () => {
  await fixture.close();
  rmSync(root, { recursive: true });
});

function makeCa(name: string, commonName: string): string {
  const [key, file] = [join(root, `${name}.key`), join(root, `${name}.crt`)];
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...['-days', '3650', '-subj', `/CN=${commonName}`, '-keyout', key, '-out', file],
    ],
    { stdio: 'ignore' },
  );
  return readFileSync(file, 'utf8');
}

const publish = (bundle: string) => putObject(fixture, 'trust/fleet/ca.crt', bundle);
const caOf = (folder: string) => readFileSync(join(folder, 'pki/ca.crt'), 'utf8');
const hashes = (...certificates: string[]) =>
  certificates.flatMap((c) => ['--ca-cert-hash', formatCaCertHash('ca', c)]);
const accept = (folder: string, ...more: string[]) =>
  fixture.run(folder, 'renew', 'apiserver', '--no-restart', '--accept-ca-change', ...more);

/** A certificate that other programs read, but our pattern does not. */
const hidden = (certificate: string) => certificate.replace(/\n(?=[A-Za-z0-9+/=]+\n)/, ' \n');

describe('a bundle with a CA that only other programs would read', () => {
  it('is refused by --accept-ca-change', async () => {
    const folder = fixture.copy();
    await publish(pem.good + pem.next + hidden(pem.evil));
    const run = await accept(folder, ...hashes(pem.next));
    expect([run.exitCode, run.stderr]).toEqual([
      7,
      expect.stringMatching(/not a list of canonical/),
    ]);
    expect(caOf(folder)).toBe(pem.good);
  });

  it('does not block renewals of certificates that the CA file on disk signed', async () => {
    const folder = fixture.copy();
    await publish(pem.good + hidden(pem.evil));
    const run = await fixture.run(folder, 'renew', 'apiserver', '--no-restart');
    expect([run.exitCode, run.stdout]).toEqual([
      0,
      expect.stringMatching(/stays as it is: the trust bundle/),
    ]);
    expect(caOf(folder)).toBe(pem.good);
  });

  it('is refused by fetch', async () => {
    await publish(pem.good + hidden(pem.evil));
    const place = ['--cluster', CLUSTER, '--node', fixture.node, '--request', 'first'];
    const out = join(root, 'fetched');
    const run = await cakeless(fixture.environment(), 'fetch', ...place, '--out', out);
    expect([run.exitCode, run.stdout]).toEqual([
      7,
      expect.stringMatching(/not written: the trust bundle trust\/fleet\/ca.crt is not/),
    ]);
  });
});

describe('--accept-ca-change', () => {
  it('refuses a new CA without a matching hash, and shows the hash of its key', async () => {
    const folder = fixture.copy();
    await publish(pem.good + pem.next);
    for (const given of [[], hashes(pem.evil)]) {
      const run = await accept(folder, ...given);
      expect([run.exitCode, run.stderr]).toEqual([
        7,
        expect.stringContaining(formatCaCertHash('ca', pem.next)),
      ]);
      expect(caOf(folder)).toBe(pem.good);
    }
  });

  it('accepts a CA with a matching hash, under the request of the refused run', async () => {
    const folder = fixture.copy();
    await publish(pem.good + pem.next);
    await accept(folder);
    const asked = await fixture.keys(`requests/${CLUSTER}/`);
    const run = await accept(folder, ...hashes(pem.next));
    expect([run.exitCode, run.stderr]).toEqual([
      0,
      expect.stringContaining('installing apiserver'),
    ]);
    expect(caOf(folder)).toBe(pem.good + pem.next);
    expect(await fixture.keys(`requests/${CLUSTER}/`)).toEqual(asked);
  });

  it('does not accept the hash of another CA', async () => {
    const folder = fixture.copy();
    await publish(pem.good + pem.next);
    const run = await accept(folder, '--ca-cert-hash', formatCaCertHash('etcd-ca', pem.next));
    expect([run.exitCode, caOf(folder)]).toEqual([7, pem.good]);
  });

  it('needs no hash to remove a CA', async () => {
    const folder = fixture.copy();
    writeFileSync(join(folder, 'pki/ca.crt'), pem.good + pem.next);
    const run = await accept(folder);
    expect([run.exitCode, caOf(folder)]).toEqual([0, pem.good]);
  });

  it('shows in a dry run what would change, with the hashes, and whether it would be accepted', async () => {
    const folder = fixture.copy();
    await publish(pem.good + pem.next);
    const gain = `would get CN=kubernetes`;
    const without = await accept(folder, '--dry-run');
    expect(without.stdout).toMatch(
      new RegExp(`CA: .*pki/ca.crt ${gain} .*${formatCaCertHash('ca', pem.next)}`),
    );
    expect(without.stdout).toContain('no --ca-cert-hash matches its key');
    const given = await accept(folder, '--dry-run', ...hashes(pem.next));
    expect(given.stdout).toContain(gain);
    expect(given.stdout).not.toContain('no --ca-cert-hash');
    expect(caOf(folder)).toBe(pem.good);
  });

  it('is required by --ca-cert-hash', async () => {
    const run = await fixture.run(fixture.copy(), 'renew', 'apiserver', ...hashes(pem.next));
    expect([run.exitCode, run.stderr]).toEqual([2, expect.stringContaining('--accept-ca-change')]);
  });
});
