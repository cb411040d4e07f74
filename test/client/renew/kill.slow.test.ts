/** A renewal is killed, or fails, at each of its calls that change a file: the node is whole, and the next run ends it. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { buildSync } from 'esbuild';
import { placeOf } from '../../../client/node/places.ts';
import { readPlace } from '../../../client/node/read-place.ts';
import {
  CERTIFICATE_NAMES,
  type CertificateName,
} from '../../../lib/profiles/certificate-names.ts';
import { CLUSTER, NodeFixture } from '../../support/node-folder.ts';

const NAMES = ['apiserver', 'etcd-server', 'admin.conf', 'kubelet.conf'] as const;
const SHIM = resolve('test', 'client', 'renew', 'kill-shim.cjs');
const tools = mkdtempSync(join(tmpdir(), 'cakeless-kill-'));
const command = join(tools, 'cakeless.mjs');
let fixture: NodeFixture;

beforeAll(async () => {
  // one file starts in a third of the time
  const entry = join(tools, 'entry.mjs');
  writeFileSync(
    entry,
    `import { main } from ${JSON.stringify(resolve('client', 'main.ts'))};\nprocess.exitCode = await main(process.argv.slice(2));\n`,
  );
  buildSync({
    ...{ entryPoints: [entry], outfile: command, bundle: true, platform: 'node', format: 'esm' },
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    logLevel: 'error',
  });
  fixture = await NodeFixture.make();
});
afterAll(async () => {
  await fixture.close();
  rmSync(tools, { recursive: true });
});

/** A copy whose kubelet has rotated once. */
function nodeFolder(): string {
  const folder = fixture.copy();
  const place = readPlace(placeOf('kubelet.conf', foldersOf(folder)));
  if (place.state !== 'present' || !place.privateKey) throw new Error('no kubelet.conf');
  const key = place.privateKey.export({ type: 'sec1', format: 'pem' });
  const pki = join(folder, 'kubelet-pki');
  mkdirSync(pki);
  const dated = join(pki, 'kubelet-client-2026-01-01-00-00-00.pem');
  writeFileSync(dated, `${place.chain[0]}\n${key}`, { mode: 0o600 });
  const current = join(pki, 'kubelet-client-current.pem');
  symlinkSync(dated, current);
  const yaml = readFileSync(join(folder, 'kubelet.conf'), 'utf8')
    .replace(/client-certificate-data: .*/, `client-certificate: ${current}`)
    .replace(/client-key-data: .*/, `client-key: ${current}`);
  writeFileSync(join(folder, 'kubelet.conf'), yaml, { mode: 0o600 });
  return folder;
}

const foldersOf = (folder: string) => ({ kubeconfigDir: folder, certDir: join(folder, 'pki') });

function renew(folder: string, shim: Record<string, string> = {}) {
  const report = join(tools, 'report.json');
  const who = ['--cluster', CLUSTER, '--node', fixture.node, '--kubeconfig-dir', folder];
  const args = ['--require', SHIM, command, 'renew', ...NAMES, '--no-restart', ...who];
  const env = {
    ...process.env,
    ...fixture.environment(),
    ...{ CAKELESS_NODE: folder, SHIM_REPORT: report, ...shim },
  };
  const run = spawnSync(process.execPath, args, { env, encoding: 'utf8' });
  const said = run.signal ? undefined : JSON.parse(readFileSync(report, 'utf8'));
  return { ...run, calls: Number(said?.calls), exposed: said?.exposed as string[] | undefined };
}

const serialOf = (folder: string, name: CertificateName): string => {
  const place = readPlace(placeOf(name, foldersOf(folder)));
  if (place.state !== 'present') throw new Error(`${name}: ${JSON.stringify(place)}`);
  if (place.problems.length > 0) throw new Error(`${name}: ${place.problems.join()}`);
  return place.leaf.serialNumber;
};
const serials = (folder: string) => CERTIFICATE_NAMES.map((name) => serialOf(folder, name));
const newOnes = (folder: string) =>
  CERTIFICATE_NAMES.filter((name) => serialOf(folder, name) !== serialOf(fixture.template, name));
const requestIds = async () =>
  new Set((await fixture.keys('requests/')).map((key) => key.split('/')[3]));
const filesOf = (folder: string) =>
  execFileSync('find', ['.', '-path', './cakeless', '-prune', '-o', '-printf', '%p %m %y %l\n'], {
    cwd: folder,
    encoding: 'utf8',
  })
    .replaceAll(/kubelet-client-\d[\d-]+/g, 'kubelet-client-DATE')
    .replaceAll(folder, '')
    .split('\n')
    .sort();

it('killed at any change of a file: pairs match at once, and the next run ends renewed', async () => {
  const whole = nodeFolder();
  const { calls, exposed, stderr, status } = renew(whole);
  expect([status, stderr]).toEqual([0, expect.any(String)]);
  expect(exposed).toEqual([]);
  expect(newOnes(whole)).toEqual([...NAMES].sort(byOrder));
  expect(calls).toBeGreaterThan(60);
  const afterwards = filesOf(whole);
  for (let call = 1; call <= calls; call++) {
    const folder = nodeFolder();
    const before = await requestIds();
    const killed = renew(folder, { KILL_AT: String(call) });
    const at = `killed at call ${call}: ${killed.stderr}`;
    expect([at, killed.signal]).toEqual([at, 'SIGKILL']);
    const found = serials(folder); // throws where a pair does not match or a file can't be read
    const wasDone = newOnes(folder).length === NAMES.length;
    const next = renew(folder);
    expect([at, next.status, next.stderr]).toEqual([at, 0, expect.any(String)]);
    expect([at, next.exposed]).toEqual([at, []]);
    expect([at, newOnes(folder)]).toEqual([at, [...NAMES].sort(byOrder)]);
    expect(found).toHaveLength(CERTIFICATE_NAMES.length);
    const asked = [...(await requestIds())].filter((id) => !before.has(id));
    if (!wasDone) expect([at, asked.length]).toEqual([at, 1]);
    expect([at, filesOf(folder).length]).toEqual([at, afterwards.length + (asked.length - 1)]);
  }
}, 1_800_000);

it('a full, broken or read-only disk at changes of files: an error, and pairs match; the next run ends renewed', async () => {
  const { calls } = renew(nodeFolder());
  const codes = ['ENOSPC', 'EIO', 'EROFS'];
  // every third call, each with the next error: the test above has been at all of them
  for (let call = 1; call <= calls; call += 3) {
    const code = codes[((call - 1) / 3) % codes.length] ?? 'EIO';
    const folder = nodeFolder();
    const failed = renew(folder, { FAIL_AT: String(call), FAIL_WITH: code });
    const at = `${code} at call ${call}: ${failed.stderr}`;
    expect(serials(folder)).toHaveLength(CERTIFICATE_NAMES.length);
    if (failed.status !== 0) expect(at).toContain(code);
    const next = renew(folder);
    expect([at, next.status, next.stderr]).toEqual([at, 0, expect.any(String)]);
    expect([at, newOnes(folder)]).toEqual([at, [...NAMES].sort(byOrder)]);
  }
}, 1_800_000);

const byOrder = (a: CertificateName, b: CertificateName) =>
  CERTIFICATE_NAMES.indexOf(a) - CERTIFICATE_NAMES.indexOf(b);
