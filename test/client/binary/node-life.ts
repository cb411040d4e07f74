/**
 * A control-plane node managed with the executable alone, in a root folder with nothing else in it: prepared from the
 * keys and CSRs of real kubeadm, checked, renewed. OpenSSL verifies its files from outside.
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { caFileOf, placeOf } from '../../../client/node/disk/places.ts';
import { readPlace } from '../../../client/node/disk/read-place.ts';
import { readDeclaredCluster } from '../../../client/operator/declared-cluster.ts';
import { KUBEADM_NAMES } from '../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../lib/profiles/profile-for.ts';
import { approveRequest } from '../../support/approve-command.ts';
import type { EmptyRoot } from '../../support/empty-root.ts';
import { type ChainItem, judgeChain } from '../../support/judges.ts';
import { kubeadmSet } from '../../support/kubeadm-sets.ts';
import { cakeless, mustCakeless } from '../../support/running-service-command.ts';
import { type ServiceProcess, startServiceProcess } from '../../support/running-service-process.ts';

const CLUSTER = 'prod';
const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
const NODE = readDeclaredCluster(set.configYaml ?? '', set.dir).node?.name ?? '';

export function describeLife(makeRoot: (folder: string) => EmptyRoot): void {
  const folder = mkdtempSync(join(tmpdir(), 'cakeless-life-'));
  let service: ServiceProcess;
  let root: EmptyRoot;

  beforeAll(async () => {
    service = await startServiceProcess(folder);
    const admin = async (...args: string[]) => {
      const { exitCode, stderr } = await cakeless(service.environment, ...args);
      if (exitCode !== 0) throw new Error(stderr);
    };
    await admin('trust-domain', 'create', 'fleet');
    const config = ['--kubeadm-config', join(set.dir, 'config.yaml')];
    await admin('cluster', 'apply', CLUSTER, ...config, '--trust-domain', 'fleet');
    root = makeRoot(join(folder, 'root'));
  }, 60_000);
  afterAll(async () => {
    await service?.stop();
    rmSync(folder, { recursive: true });
  });

  const run = (...args: string[]) => root.run(service.as(`node:${CLUSTER}/${NODE}`), ...args);
  const kubernetes = (...path: string[]) => root.at('etc/kubernetes', ...path);
  const folders = () => ({ kubeconfigDir: kubernetes(), certDir: kubernetes('pki') });

  async function approveAll(): Promise<void> {
    const { stdout } = await cakeless(service.as('approver'), 'pending', '-o', 'json');
    const waiting: { request: string }[] = JSON.parse(stdout);
    expect(waiting).toHaveLength(1);
    for (const { request } of waiting)
      await approveRequest((...args) => mustCakeless(service.as('approver'), ...args), request);
  }

  /** The certificate at each place, and what OpenSSL rejects. */
  function judged(): { serials: Record<string, string>; refused: unknown[] } {
    const places = KUBEADM_NAMES.map((name) => {
      const place = readPlace(placeOf(name, folders()));
      if (place.state !== 'present' || place.problems.length > 0)
        throw new Error(`${name}: ${JSON.stringify(place)}`);
      return place;
    });
    const items = places.map(({ name, chain }): ChainItem => {
      const { ca, extendedKeyUsages } = profileOf(name);
      const [usage = 'any'] = extendedKeyUsages;
      const roots = readFileSync(caFileOf(ca, folders()), 'utf8');
      return { name, certificate: chain.join(''), roots, usage };
    });
    return {
      serials: Object.fromEntries(places.map(({ name, leaf }) => [name, leaf.serialNumber])),
      refused: judgeChain(items, ['openssl']).filter(({ ok }) => !ok),
    };
  }

  let isPrepared = false;

  /** Once, by whichever test comes first: they run in any order. */
  async function prepareOnce(): Promise<void> {
    if (isPrepared) return;
    mkdirSync(kubernetes(), { recursive: true });
    for (const made of ['csr', 'keys', 'config.yaml'])
      cpSync(join(set.dir, made), made === 'config.yaml' ? kubernetes(made) : kubernetes(), {
        recursive: true,
      });
    // kubeadm writes keys for root alone; git does not keep that mode
    execFileSync('chmod', ['-R', 'go=', kubernetes()]);
    // where every command looks by default
    writeFileSync(kubernetes('cakeless.yaml'), `cluster: ${CLUSTER}\nnode: ${NODE}\n`);
    const prepare = ['prepare', '--config', '/etc/kubernetes/config.yaml'];
    expect(run(...prepare, '--trust-on-first-use')).toMatchObject({
      status: 4,
      stderr: expect.stringContaining('found the CSR of apiserver'),
    });
    await approveAll();
    const prepared = run(...prepare, '--trust-on-first-use', '--wait', '1m');
    expect(prepared).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('next: kubeadm init --config /etc/kubernetes/config.yaml'),
    });
    isPrepared = true;
  }

  it('prepares a node, checks it, creates CSRs and renews it', async () => {
    await prepareOnce();
    const before = judged();
    expect(before.refused).toEqual([]);

    const checked = run('check-expiration', '--warn-within', '30d');
    expect([checked.status, checked.stderr]).toEqual([0, '']);
    expect(checked.stdout.match(/ UTC /g)).toHaveLength(16);

    expect(run('csr', 'all')).toMatchObject({ status: 0, stderr: '' });
    for (const { path } of set.csrs) {
      const file = kubernetes('cakeless/csr', path);
      const args = ['req', '-in', file, '-noout', '-verify', '-subject'];
      const asked = execFileSync('openssl', args, { encoding: 'utf8', stdio: 'pipe' });
      const made = execFileSync(
        'openssl',
        ['req', '-in', join(set.dir, 'csr', path), ...args.slice(3)],
        {
          encoding: 'utf8',
          stdio: 'pipe',
        },
      );
      expect(asked).toBe(made);
    }

    const first = run('renew', 'all', '--no-restart');
    expect([first.status, first.stderr]).toEqual([4, expect.stringContaining('installing ')]);
    await approveAll();
    const second = run('renew', 'all', '--no-restart', '--if-expires-within', '1h', '--wait', '1m');
    expect([second.status, second.stderr]).toEqual([
      0,
      expect.stringContaining('installing super-admin.conf'),
    ]);
    const after = judged();
    expect(after.refused).toEqual([]);
    const same = KUBEADM_NAMES.filter((name) => after.serials[name] === before.serials[name]);
    expect(same).toEqual([]);
  }, 600_000);

  it('without /proc keeps two runs apart, and ignores the lock of a killed run', async () => {
    await prepareOnce();
    const renew = ['renew', 'all', '--if-expires-within', '1h', '--no-restart'];
    const who = ['--cluster', CLUSTER, '--node', NODE];
    const lock = kubernetes('cakeless/lock');
    mkdirSync(kubernetes('cakeless'), { recursive: true });
    writeFileSync(lock, JSON.stringify({ pid: process.pid }));
    expect(run(...renew, ...who)).toMatchObject({
      status: 12,
      stderr: expect.stringContaining(`another run is in progress (process ${process.pid})`),
    });
    writeFileSync(lock, JSON.stringify({ pid: spawnSync('true').pid }));
    expect(run(...renew, ...who)).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('nothing to renew'),
    });
  }, 600_000);

  it('without /proc refuses to restart static pods before it changes anything', () => {
    const manifests = kubernetes('manifests');
    mkdirSync(manifests, { recursive: true });
    writeFileSync(join(manifests, 'etcd.yaml'), 'spec: {containers: []}\n');
    const refused = run('renew', 'all', '--cluster', CLUSTER, '--node', NODE);
    rmSync(manifests, { recursive: true });
    expect(refused).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('/proc is not mounted, so a restart of etcd'),
    });
  });
}
