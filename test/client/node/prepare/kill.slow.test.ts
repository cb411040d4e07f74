/**
 * `cakeless prepare` is killed, or fails, at calls that change a file: every file is complete, and the next run
 * finishes the set and requests nothing twice. The calls cover every file, and every call for every kind of file.
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { readKubeconfig } from '../../../../client/node/disk/kubeconfig.ts';
import { placeOf } from '../../../../client/node/disk/places.ts';
import { makePrivateKey, readPrivateKey } from '../../../../client/node/disk/private-key.ts';
import { readPlace } from '../../../../client/node/disk/read-place.ts';
import { certificateNameOf } from '../../../../lib/contract/kubeadm-paths.ts';
import { bundleKey } from '../../../../lib/contract/trust-domain.ts';
import { readRequest } from '../../../../lib/csr/read-request.ts';
import { CA_NAMES, KUBEADM_NAMES } from '../../../../lib/profiles/certificate-names.ts';
import {
  type ChangingCall,
  KilledCommand,
  type ShimOptions,
} from '../../../support/killed-command.ts';
import { kubeadmSet } from '../../../support/kubeadm-sets.ts';
import { CLUSTER, NodeFixture } from '../../../support/node-folder.ts';

/** Another control plane: none of its certificates needs approval. */
const NAMES = KUBEADM_NAMES.filter((name) => name !== 'super-admin.conf');
const command = new KilledCommand();
let fixture: NodeFixture;
let saKey: string;
let bundles: readonly string[];

beforeAll(async () => {
  fixture = await NodeFixture.empty(kubeadmSet('1.37.2', 'generate-csr', 'v4-p256'));
  saKey = join(dirname(fixture.template), 'sa.key');
  writeFileSync(saKey, await makePrivateKey('ECDSA-P256'), { mode: 0o600 });
  const objects = CA_NAMES.map((ca) => fixture.exchange().get(bundleKey('fleet', ca), 1e6));
  bundles = (await Promise.all(objects)).map((object) =>
    Buffer.from(object?.body ?? '').toString(),
  );
});
afterAll(async () => {
  await fixture.close();
  command.close();
});

function prepare(folder: string, shim: ShimOptions = {}) {
  const config = join(folder, 'config.yaml');
  const args = ['prepare', '--config', config, '--cluster', CLUSTER, '--kubeconfig-dir', folder];
  const more = ['--cert-dir', join(folder, 'pki'), '--join', '--sa-key-from', saKey];
  const all = [...args, ...more, '--trust-on-first-use'];
  return command.run(folder, fixture.environment(), all, shim);
}

const TEMPORARY = /\.\d+-\d+\.tmp$/;
/** Below the node's folder, except for its configuration. */
const filesIn = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((path) => path !== 'config.yaml')
    .sort();
const isLock = (path: string) => /^(?:cakeless\/|pki\/\.cakeless-)lock/.test(path);
const modeOf = (file: string) => (lstatSync(file).mode & 0o777).toString(8);
const foldersOf = (folder: string) => ({ kubeconfigDir: folder, certDir: join(folder, 'pki') });

/** Describes incomplete files; temporary files of a killed run do not count. */
function flawsIn(folder: string): string[] {
  const files = filesIn(folder).filter((path) => !isLock(path));
  const exposed = files.filter((path) => {
    const isSecret = /PRIVATE KEY|client-key-data/.test(readFileSync(join(folder, path), 'latin1'));
    return isSecret && modeOf(join(folder, path)) !== '600';
  });
  return [
    ...exposed.map((path) => `${path} can be read by others`),
    ...files.filter((path) => !TEMPORARY.test(path)).flatMap((path) => flawOf(folder, path)),
  ];
}

function flawOf(folder: string, path: string): string[] {
  const text = readFileSync(join(folder, path), 'utf8');
  const say = (isRight: boolean) => (isRight ? [] : [`${path} is not complete: ${text}`]);
  if (/(?:^|\/)(?:front-proxy-|kubelet-)?ca\.crt$/.test(path)) return say(bundles.includes(text));
  if (path === 'pki/sa.pub')
    return say(createPublicKey(text).equals(createPublicKey(readFileSync(saKey))));
  const key = keyOf(folder, path);
  if (!key) return say(false);
  if (path.endsWith('.key')) return [];
  if (path.endsWith('.csr')) {
    const { request, violations } = readRequest(Buffer.from(text));
    return say(violations.length === 0 && request?.key.keyObject.equals(key) === true);
  }
  const isHalfMade = path.endsWith('.conf') && !text.includes('certificate');
  return isHalfMade ? [] : say(isInPlace(folder, path));
}

function isInPlace(folder: string, path: string): boolean {
  const name = certificateNameOf(`${path.replace(/\.crt$/, '')}.csr`);
  const place = name && readPlace(placeOf(name, foldersOf(folder)));
  return place?.state === 'present' && place.problems.length === 0;
}

/** The public half of a file's private key. */
function keyOf(folder: string, path: string): KeyObject | undefined {
  const file = join(folder, path);
  const stem = file.replace(/\.(?:key|csr|crt|pub)$/, '');
  const inside = stem.endsWith('.conf')
    ? readKubeconfig(readFileSync(stem, 'utf8'), dirname(stem)).privateKey
    : { pem: readFileSync(`${stem}.key`, 'utf8') };
  const key = inside && 'pem' in inside ? readPrivateKey(inside.pem) : undefined;
  return key && createPublicKey(key);
}

/** Public keys by file; an existing file must keep its key. */
function keysIn(folder: string): Record<string, string> {
  const files = filesIn(folder).filter((path) => /\.(?:key|conf)$/.test(path));
  return Object.fromEntries(
    files.map((path) => [
      path,
      keyOf(folder, path)?.export({ type: 'spki', format: 'pem' }).toString() ?? '',
    ]),
  );
}

const requests = async () => (await fixture.keys('requests/')).length;

/** `pki/etcd/server.key` and so on, without the numbers of temporary files and processes. */
const fileOf = ({ path }: ChangingCall, folder: string) =>
  path
    .slice(folder.length + 1)
    .replace(TEMPORARY, '')
    .replace(/lock\.\d+/, 'lock.N');

/** Files of the same kind are written by the same code. */
function kindOf(file: string): string {
  if (isLock(file)) return basename(file).replace(/^.*lock/, 'lock');
  return /(?:^|-)ca\.crt$/.test(basename(file)) ? 'ca' : extname(file) || file;
}

/**
 * The calls to fail at, counted from 1: one for each write of a file, and all for each kind of file. Files are written
 * side by side, so in the run that fails, the call of this number may be that of another file.
 */
function chosen(calls: readonly ChangingCall[], files: readonly string[]): number[] {
  const kinds = calls.map(({ name }, i) => `${name} ${kindOf(files[i] ?? '')}`);
  const seen = new Set<string>();
  const taken = new Set<number>();
  const take = (i: number) => {
    taken.add(i);
    seen.add(kinds[i] ?? '');
  };
  const starts = calls.flatMap(({ name }, i) => (name === 'open' ? [i] : []));
  starts.forEach((start, nth) => {
    // files are written side by side: the calls of one have the path of its temporary file
    const own = calls.flatMap(({ path }, i) => (path === calls[start]?.path ? [i] : []));
    take(own.find((i) => !seen.has(kinds[i] ?? '')) ?? own[nth % own.length] ?? start);
  });
  kinds.forEach((kind, i) => {
    if (!seen.has(kind)) take(i);
  });
  return [...taken].sort((a, b) => a - b).map((i) => i + 1);
}

async function checkNextRun(at: string, folder: string, before: number, whole: readonly string[]) {
  expect([at, flawsIn(folder)]).toEqual([at, []]);
  const kept = keysIn(folder);
  const next = prepare(folder);
  expect([at, next.status === 0 ? 0 : next.stderr + next.stdout]).toEqual([at, 0]);
  expect([at, next.exposed]).toEqual([at, []]);
  expect([at, flawsIn(folder)]).toEqual([at, []]);
  expect([at, filesIn(folder)]).toEqual([at, whole]);
  expect([at, keysIn(folder)]).toEqual([at, expect.objectContaining(kept)]);
  expect([at, (await requests()) - before]).toEqual([at, NAMES.length]);
}

/** An undisturbed run: its calls, and the files that it leaves. */
function undisturbed() {
  const folder = fixture.copy();
  const { calls, exposed, stderr, status } = prepare(folder);
  expect([status, stderr]).toEqual([0, expect.any(String)]);
  expect([exposed, flawsIn(folder)]).toEqual([[], []]);
  const whole = filesIn(folder);
  expect(whole).toEqual(expect.arrayContaining(['pki/sa.key', 'pki/etcd/ca.crt', 'kubelet.conf']));
  expect(whole.filter((path) => isLock(path) || TEMPORARY.test(path))).toEqual([]);
  return { calls, whole, files: calls.map((call) => fileOf(call, folder)) };
}

it('a run that is killed while it changes a file leaves only complete files, and the next run finishes the set', async () => {
  const { calls, whole, files } = undisturbed();
  const positions = chosen(calls, files);
  const reached = new Set(positions.map((call) => files[call - 1]));
  const written = files.filter((_, i) => calls[i]?.name === 'open');
  expect(written.filter((file) => !reached.has(file))).toEqual([]);
  for (const call of positions) {
    const folder = fixture.copy();
    const before = await requests();
    const killed = prepare(folder, { killAt: call });
    const at = `killed at call ${call}, ${calls[call - 1]?.name} ${files[call - 1]}: ${killed.stderr}`;
    expect([at, killed.signal]).toEqual([at, 'SIGKILL']);
    await checkNextRun(at, folder, before, whole);
  }
}, 1_800_000);

it('a full, broken or read-only disk is an error: each file is complete, and the next run finishes the set', async () => {
  const { calls, whole, files } = undisturbed();
  const codes = ['ENOSPC', 'EIO', 'EROFS'];
  // a step without a common factor with four calls a write and three errors combines each with each
  for (let call = 1; call <= calls.length; call += 23) {
    const failWith = codes[call % codes.length] ?? 'EIO';
    const folder = fixture.copy();
    const before = await requests();
    const failed = prepare(folder, { failAt: call, failWith });
    const at = `${failWith} at call ${call}, ${calls[call - 1]?.name} ${files[call - 1]}: ${failed.stderr}`;
    if (failed.status !== 0) expect(at).toMatch(new RegExp(`: .*${failWith}`));
    else expect(isLock(files[call - 1] ?? '')).toBe(true);
    await checkNextRun(at, folder, before, whole);
  }
}, 1_800_000);
