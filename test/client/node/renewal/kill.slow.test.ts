/**
 * A renewal is killed, or fails, at each call that changes a file: pairs still match, and the next run completes it.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CertificateName, KUBEADM_NAMES } from '../../../../lib/profiles/certificate-names.ts';
import { namesThatDiffer, serialInPlace } from '../../../support/certificates-in-place.ts';
import { KilledCommand, type ShimOptions } from '../../../support/killed-command.ts';
import { readKubeletConf, writeKubeletStore } from '../../../support/kubelet-store.ts';
import { CLUSTER, NodeFixture } from '../../../support/node-folder.ts';

const NAMES = ['apiserver', 'etcd-server', 'admin.conf', 'kubelet.conf'] as const;
const command = new KilledCommand();
let fixture: NodeFixture;

beforeAll(async () => {
  fixture = await NodeFixture.make();
});
afterAll(async () => {
  await fixture.close();
  command.close();
});

/** A copy of the node whose kubelet has rotated its certificate once. */
function nodeFolder(): string {
  const folder = fixture.copy();
  const current = writeKubeletStore(join(folder, 'kubelet-pki'), readKubeletConf(folder).pem);
  const yaml = readFileSync(join(folder, 'kubelet.conf'), 'utf8')
    .replace(/client-certificate-data: .*/, `client-certificate: ${current}`)
    .replace(/client-key-data: .*/, `client-key: ${current}`);
  writeFileSync(join(folder, 'kubelet.conf'), yaml, { mode: 0o600 });
  return folder;
}

function renew(folder: string, shim: ShimOptions = {}) {
  const who = ['--cluster', CLUSTER, '--node', fixture.node, '--kubeconfig-dir', folder];
  const args = ['renew', ...NAMES, '--no-restart', ...who];
  return command.run(folder, fixture.environment(), args, shim);
}

const serials = (folder: string) => KUBEADM_NAMES.map((name) => serialInPlace(folder, name));
const newOnes = (folder: string) => namesThatDiffer(folder, fixture.template);
const requestIds = async () =>
  new Set((await fixture.keys('requests/')).map((key) => key.split('/')[3]));
/** Without Cakeless's own. The kubelet's dated files count as one: two of the same second are one. */
const filesOf = (folder: string) => {
  const lines = execFileSync(
    'find',
    ['.', '-path', './cakeless', '-prune', '-o', '-printf', '%p %m %y %l\n'],
    { cwd: folder, encoding: 'utf8' },
  )
    .replaceAll(/kubelet-client-\d[\d-]+/g, 'kubelet-client-DATE')
    .replaceAll(folder, '')
    .split('\n');
  return [...new Set(lines)].sort();
};

it('after a kill at any file change, pairs match, and the next run completes the renewal', async () => {
  const whole = nodeFolder();
  const { calls, exposed, stderr, status } = renew(whole);
  expect([status, stderr]).toEqual([0, expect.any(String)]);
  expect(exposed).toEqual([]);
  expect(newOnes(whole)).toEqual([...NAMES].sort(byOrder));
  expect(calls.length).toBeGreaterThan(60);
  const afterwards = filesOf(whole);
  for (let call = 1; call <= calls.length; call++) {
    const folder = nodeFolder();
    const before = await requestIds();
    const killed = renew(folder, { killAt: call });
    const at = `killed at call ${call}: ${killed.stderr}`;
    expect([at, killed.signal]).toEqual([at, 'SIGKILL']);
    const found = serials(folder); // throws if a pair does not match or a file cannot be read
    const wasDone = newOnes(folder).length === NAMES.length;
    const next = renew(folder);
    expect([at, next.status === 0 ? 0 : next.stderr]).toEqual([at, 0]);
    expect([at, next.exposed]).toEqual([at, []]);
    expect([at, newOnes(folder)]).toEqual([at, [...NAMES].sort(byOrder)]);
    expect(found).toHaveLength(KUBEADM_NAMES.length);
    const asked = [...(await requestIds())].filter((id) => !before.has(id));
    if (!wasDone) expect([at, asked.length]).toEqual([at, 1]);
    expect([at, filesOf(folder)]).toEqual([at, afterwards]);
  }
}, 1_800_000);

it('a full, broken or read-only disk is an error: pairs match, and the next run completes the renewal', async () => {
  const { calls } = renew(nodeFolder());
  const codes = ['ENOSPC', 'EIO', 'EROFS'];
  // every third call, each with the next error: the test above covers all calls
  for (let call = 1; call <= calls.length; call += 3) {
    const code = codes[((call - 1) / 3) % codes.length] ?? 'EIO';
    const folder = nodeFolder();
    const failed = renew(folder, { failAt: call, failWith: code });
    const at = `${code} at call ${call}: ${failed.stderr}`;
    expect(serials(folder)).toHaveLength(KUBEADM_NAMES.length);
    if (failed.status !== 0) expect(at).toContain(code);
    const next = renew(folder);
    expect([at, next.status === 0 ? 0 : next.stderr]).toEqual([at, 0]);
    expect([at, newOnes(folder)]).toEqual([at, [...NAMES].sort(byOrder)]);
  }
}, 1_800_000);

const ORDER: readonly string[] = KUBEADM_NAMES;
const byOrder = (a: CertificateName, b: CertificateName) => ORDER.indexOf(a) - ORDER.indexOf(b);
