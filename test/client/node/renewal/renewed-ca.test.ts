/** A CA whose certificate is renewed with the same key: what nodes do without a person. */
import { X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readKubeconfig } from '../../../../client/node/disk/kubeconfig.ts';
import { lookForRenewedCas } from '../../../../client/node/renewal/renewed-cas.ts';
import { certificateToPem } from '../../../../lib/certificate/pem.ts';
import { KUBEADM_NAMES } from '../../../../lib/profiles/certificate-names.ts';
import { newEcKeys, writeCaCertificate } from '../../../support/ca-certificate.ts';
import { MemoryStore } from '../../../support/memory-store.ts';
import { NodeFixture } from '../../../support/node-folder.ts';
import { renewalOptions } from '../../../support/renewal.ts';
import { cakeless } from '../../../support/running-service-command.ts';

const DAY_MS = 86_400_000;
const KUBECONFIGS = KUBEADM_NAMES.filter((name) => name.endsWith('.conf'));
const caOf = (folder: string) => readFileSync(join(folder, 'pki/ca.crt'), 'utf8');

function caDataOf(folder: string, name: string): string {
  const text = readFileSync(join(folder, name), 'utf8');
  const { certificateAuthority } = readKubeconfig(text, folder);
  return certificateAuthority && 'pem' in certificateAuthority ? certificateAuthority.pem : '';
}

describe('a node that renews a certificate', () => {
  let fixture: NodeFixture;
  const renewCa = (...more: string[]) =>
    cakeless(
      fixture.environment('operator'),
      ...['trust-domain', 'renew', 'fleet', '--ca', 'ca', '--validity-days', '4000', ...more],
    );
  beforeAll(async () => {
    fixture = await NodeFixture.make();
  });
  afterAll(() => fixture.close());

  it('takes the renewed certificate of another CA, too, and asks nobody', async () => {
    const folder = fixture.copy();
    const old = new X509Certificate(caOf(folder));
    const preview = await renewCa('--dry-run');
    expect(preview.stderr).toContain('would renew version 1 of ca of fleet with the same key');
    const renewal = await renewCa('-o', 'json');
    const { after } = JSON.parse(renewal.stdout) as { after: { sha256: string } };
    expect(renewal.stderr).toContain('renewed version 1 of ca of fleet with the same key');

    const run = await fixture.run(folder, 'renew', 'front-proxy-client', '--no-restart');
    expect([run.exitCode, run.stdout]).toEqual([
      0,
      expect.stringMatching(
        /ca\.crt got the renewed certificate of CN=kubernetes until .*same key/,
      ),
    ]);
    const renewed = new X509Certificate(caOf(folder));
    expect(renewed.fingerprint256).toBe(after.sha256);
    expect(renewed.publicKey.equals(old.publicKey)).toBe(true);
    for (const name of KUBECONFIGS) expect(caDataOf(folder, name)).toBe(caOf(folder));
    const apiserver = new X509Certificate(readFileSync(join(folder, 'pki/apiserver.crt')));
    for (const ca of [old, renewed])
      expect(apiserver.checkIssued(ca) && apiserver.verify(ca.publicKey)).toBe(true);

    const again = await fixture.run(folder, 'renew', 'front-proxy-client', '--no-restart');
    expect([again.exitCode, again.stdout]).toEqual([0, expect.not.stringContaining('CA: ')]);
    const repeated = await renewCa();
    expect(repeated.stderr).toContain('was renewed less than a day ago; nothing was changed');
  });
});

describe('a run in which no certificate is due', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cakeless-renewed-cas-'));
  const folders = { kubeconfigDir: folder, certDir: join(folder, 'pki') };
  const now = new Date('2027-06-01T12:00:00Z');
  const keys = newEcKeys();
  const until = (days: number) =>
    certificateToPem(
      writeCaCertificate(keys, new Date(now.getTime() - DAY_MS), {
        notAfter: new Date(now.getTime() + days * DAY_MS),
      }),
    );
  beforeAll(() => mkdirSync(folders.certDir));
  afterAll(() => rmSync(folder, { recursive: true }));

  const look = async (days: number, published: string, fault?: Error) => {
    writeFileSync(join(folders.certDir, 'ca.crt'), until(days));
    const exchange = new MemoryStore();
    exchange.seed('trust/fleet/ca.crt', published);
    const deps = {
      ...{ folders, stateDir: folder },
      clock: { now: () => now },
      exchange: async () => {
        if (fault) throw fault;
        return exchange;
      },
    };
    const options = { ...renewalOptions({ node: 'w-1' }, ['all']), trustDomain: 'fleet' };
    const found = await lookForRenewedCas(deps, options);
    return { ...found, calls: exchange.calls.length };
  };

  it.each<[string, number, string, boolean, number]>([
    ['does not ask while the CA is valid for more than two years', 740, until(3650), false, 0],
    ['finds a renewed certificate of a CA that ends within two years', 720, until(3650), true, 1],
    ['finds nothing where none was renewed', 720, until(720), false, 1],
  ])('%s', async (_, days, published, isPublished, asks) => {
    const found = await look(days, published);
    expect([found.isPublished, found.notes, found.calls > 0]).toEqual([isPublished, [], asks > 0]);
  });

  it('does not fail if the service cannot be reached: the next run asks again', async () => {
    expect(await look(720, until(3650), new Error('no network'))).toMatchObject({
      isPublished: false,
      notes: ['warning: not looked for renewed CA certificates: no network'],
    });
  });
});
