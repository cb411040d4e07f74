/** Links, other file systems, owners and modes: a renewal changes the contents of a node's files, and nothing else. */
import {
  chmodSync,
  chownSync,
  cpSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type CertificateName, KUBEADM_NAMES } from '../../../../lib/profiles/certificate-names.ts';
import { namesThatDiffer } from '../../../support/certificates-in-place.ts';
import { itMounts, mountOn, unmount } from '../../../support/mounted.ts';
import { NodeFixture } from '../../../support/node-folder.ts';

let fixture: NodeFixture;
beforeAll(async () => {
  fixture = await NodeFixture.make();
});
afterAll(() => fixture.close());

const renewed = (folder: string) => namesThatDiffer(folder, fixture.template);
const renew = async (folder: string, ...names: CertificateName[]) => {
  const run = await fixture.run(folder, 'renew', ...names, '--no-restart');
  expect([run.exitCode, run.stderr]).toEqual([0, expect.any(String)]);
  expect(renewed(folder)).toEqual(KUBEADM_NAMES.filter((name) => names.includes(name)));
};
/** Moves a file or folder and replaces it with a link. @returns its new path */
function moveAndLink(folder: string, path: string, target: string): string {
  const from = join(folder, path);
  const to = join(dirname(from), target);
  mkdirSync(dirname(to), { recursive: true });
  renameSync(from, to);
  symlinkSync(target, from);
  return to;
}

it('renews if /etc/kubernetes is a link', async () => {
  const folder = fixture.copy();
  const link = `${folder}-link`;
  symlinkSync(folder, link);
  await renew(link, 'apiserver', 'admin.conf');
  expect(readlinkSync(link)).toBe(folder);
});

it('renews if the pki folder is a link', async () => {
  const folder = fixture.copy();
  moveAndLink(folder, 'pki', 'elsewhere/pki');
  await renew(folder, 'apiserver', 'etcd-peer', 'admin.conf');
  expect(readlinkSync(join(folder, 'pki'))).toBe('elsewhere/pki');
});

it('keeps links to a kubeconfig and a pair, and renews their targets', async () => {
  const folder = fixture.copy();
  const paths = ['admin.conf', 'pki/apiserver.crt', 'pki/apiserver.key'];
  const targets = paths.map((path) => moveAndLink(folder, path, `store/${path.split('/').at(-1)}`));
  await renew(folder, 'apiserver', 'admin.conf');
  for (const [i, path] of paths.entries()) {
    expect(lstatSync(join(folder, path)).isSymbolicLink()).toBe(true);
    expect(lstatSync(targets[i] ?? '').isFile()).toBe(true);
  }
  const { exitCode } = await fixture.run(folder, 'rollback', '--no-restart');
  expect([exitCode, renewed(folder)]).toEqual([0, []]);
  for (const path of paths) expect(lstatSync(join(folder, path)).isSymbolicLink()).toBe(true);
});

itMounts('renews if pki and the kubeconfigs are on different file systems', async () => {
  const folder = fixture.copy();
  const pki = join(folder, 'pki');
  renameSync(pki, `${pki}-before`);
  mkdirSync(pki);
  if (!mountOn(pki, 'size=4m')) throw new Error('no mount');
  try {
    cpSync(`${pki}-before`, pki, { recursive: true });
    expect(statSync(pki).dev).not.toBe(statSync(folder).dev);
    await renew(folder, 'apiserver', 'etcd-server', 'admin.conf');
    const { exitCode } = await fixture.run(folder, 'rollback', '--no-restart');
    expect([exitCode, renewed(folder)]).toEqual([0, []]);
  } finally {
    unmount(pki);
  }
});

const isRoot = process.getuid?.() === 0;
const itOwns = isRoot ? it : it.skip;

itOwns('keeps owners and modes, except that files with keys become 0600', async () => {
  const folder = fixture.copy();
  const wanted: [path: string, uid: number, gid: number, mode: number, after: number][] = [
    ['pki/apiserver.crt', 4711, 4712, 0o640, 0o640],
    ['pki/apiserver.key', 4711, 4712, 0o640, 0o600],
    ['admin.conf', 0, 4713, 0o640, 0o600],
  ];
  for (const [path, uid, gid, mode] of wanted) {
    chownSync(join(folder, path), uid, gid);
    chmodSync(join(folder, path), mode);
  }
  await renew(folder, 'apiserver', 'admin.conf');
  const found = wanted.map(([path]) => {
    const { uid, gid, mode } = statSync(join(folder, path));
    return [path, uid, gid, mode & 0o7777];
  });
  expect(found).toEqual(wanted.map(([path, uid, gid, , after]) => [path, uid, gid, after]));
  const { exitCode } = await fixture.run(folder, 'rollback', '--no-restart');
  const back = wanted.map(([path]) => statSync(join(folder, path)).mode & 0o7777);
  expect([exitCode, back]).toEqual([0, wanted.map(([, , , mode]) => mode)]);
  expect(readFileSync(join(folder, 'admin.conf'), 'utf8')).toBe(
    readFileSync(join(fixture.template, 'admin.conf'), 'utf8'),
  );
});
