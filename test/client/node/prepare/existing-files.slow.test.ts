/** Files that already exist on a new node: incomplete sets, links, files of another node or of an earlier one. */
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { EXIT } from '../../../../client/exit-codes.ts';
import { snapshot, useFleet } from '../../../support/fleet.ts';
import { readKubeletConf, writeKubeletStore } from '../../../support/kubelet-store.ts';
import { itMounts, mountOn, unmount } from '../../../support/mounted.ts';
import type { NewNode } from '../../../support/new-node.ts';

const fleet = useFleet();
const newNode = fleet.newNode;

describe('existing files', () => {
  it('an incomplete set from generate-csr is completed: keys and matching CSRs are kept', async () => {
    const node = await newNode();
    // as generate-csr leaves it: all keys and CSRs; then some are removed, and one CSR is of another certificate
    await node.prepare(noService()).catch(() => undefined);
    for (const path of ['pki/etcd/server.key', 'pki/etcd/server.csr', 'admin.conf.csr'])
      rmSync(node.at(path));
    cpSync(node.at('pki/apiserver-kubelet-client.csr'), node.at('pki/apiserver.csr'));
    const kept = ['pki/apiserver.key', 'pki/etcd/peer.key', 'pki/etcd/peer.csr'];
    const before = kept.map((path) => readFileSync(node.at(path), 'utf8'));
    const { data } = keyOf(node, 'admin.conf');
    const { result } = await node.prepareWhole();
    expect(result.preflightProblems).toEqual([]);
    expect(kept.map((path) => readFileSync(node.at(path), 'utf8'))).toEqual(before);
    expect(keyOf(node, 'admin.conf').data).toBe(data);
  });

  const keyOf = (node: NewNode, file: string) => ({
    data: parse(readFileSync(node.at(file), 'utf8')).users[0].user['client-key-data'] as string,
  });

  /** The service denies the first call, after keys and CSRs were created. */
  const noService = () => ({ cluster: 'nobody' });

  it.each([
    ['a certificate file without a certificate', 'pki/apiserver.crt', 'nothing'],
    ['a key file without a key', 'pki/etcd/server.key', 'nothing'],
    ['a kubeconfig without a user', 'admin.conf', 'users: []'],
  ])('%s is an error, and nothing is written', async (_, path, text) => {
    const node = await newNode();
    mkdirSync(dirname(node.at(path)), { recursive: true });
    writeFileSync(node.at(path), text);
    const before = snapshot(node.folder);
    await expect(node.prepare()).rejects.toThrow(node.at(path));
    expect(snapshot(node.folder)).toEqual(before);
  });

  it('links stay, and their targets are completed and keep their owner', async () => {
    const node = await newNode();
    await node.prepare(noService()).catch(() => undefined); // keys and CSRs
    mkdirSync(node.at('store'));
    const links: [path: string, target: string][] = [
      ['admin.conf', 'store/admin.conf'],
      ['pki', 'store/pki'],
    ];
    for (const [path, target] of links) {
      renameSync(node.at(path), node.at(target));
      symlinkSync(target, node.at(path));
    }
    const isRoot = process.getuid?.() === 0;
    if (isRoot) chownSync(node.at('store/admin.conf'), 4711, 4712);
    const { exitCode } = await node.prepareWhole();
    expect(exitCode).toBe(EXIT.done);
    for (const [path, target] of links) expect(readlinkSync(node.at(path))).toBe(target);
    const { uid, gid, mode } = statSync(node.at('store/admin.conf'));
    expect(mode & 0o777).toBe(0o600);
    if (isRoot) expect([uid, gid]).toEqual([4711, 4712]);
  });

  it.each(['pki/apiserver.crt', 'pki/etcd/server.key', 'admin.conf'])(
    'a dangling link %s is an error, and is not replaced',
    async (path) => {
      const node = await newNode();
      mkdirSync(dirname(node.at(path)), { recursive: true });
      symlinkSync('nowhere', node.at(path));
      const before = snapshot(node.folder);
      await expect(node.prepare()).rejects.toThrow(
        `${node.at(path)}: is a link to a file that does not exist`,
      );
      expect([snapshot(node.folder), readlinkSync(node.at(path))]).toEqual([before, 'nowhere']);
    },
  );

  itMounts('pki may be a mounted file system', async () => {
    const node = await newNode();
    mkdirSync(node.at('pki'));
    if (!mountOn(node.at('pki'), 'size=4m')) throw new Error('no mount');
    try {
      expect((await node.prepareWhole()).exitCode).toBe(EXIT.done);
    } finally {
      unmount(node.at('pki'));
    }
  });

  it('the folder may be a link', async () => {
    const node = await newNode();
    const link = `${node.folder}-link`;
    symlinkSync(node.folder, link);
    const folders = { kubeconfigDir: link, certDir: join(link, 'pki') };
    expect((await node.prepareWhole(folders)).exitCode).toBe(EXIT.done);
    expect(existsSync(node.at('pki/apiserver.crt'))).toBe(true);
  });

  it('a certificate of another node is kept and reported', async () => {
    const [other, node] = [await newNode(), await newNode()];
    await other.prepareWhole();
    mkdirSync(node.at('pki'), { recursive: true });
    for (const end of ['crt', 'key'])
      cpSync(other.at(`pki/front-proxy-client.${end}`), node.at(`pki/apiserver.${end}`));
    const before = readFileSync(node.at('pki/apiserver.crt'), 'utf8');
    const { exitCode, result } = await node.prepareWhole();
    expect(exitCode).toBe(EXIT.checkFailed);
    expect(result.next).toBeUndefined();
    expect(result.preflightProblems[0]?.file).toBe(node.at('pki/apiserver.crt'));
    expect(readFileSync(node.at('pki/apiserver.crt'), 'utf8')).toBe(before);
  });

  it('an existing control plane is reported', async () => {
    const node = await newNode();
    mkdirSync(node.at('manifests'));
    writeFileSync(node.at('manifests/kube-apiserver.yaml'), '');
    const { exitCode, result } = await node.prepareWhole();
    expect(exitCode).toBe(EXIT.checkFailed);
    expect(result.preflightProblems[0]?.file).toBe(node.at('manifests/kube-apiserver.yaml'));
  });

  it('a certificate of an earlier kubelet is reported, since the next one would use it', async () => {
    const [other, node] = [await newNode(), await newNode()];
    await other.prepareWhole();
    const kubeletDir = node.at('kubelet');
    const left = writeKubeletStore(kubeletDir, readKubeletConf(other.folder).pem);
    const { exitCode, result } = await node.prepareWhole({ kubeletDir });
    expect([exitCode, result.next]).toEqual([EXIT.checkFailed, undefined]);
    expect(result.preflightProblems).toEqual([
      { file: left, problem: expect.stringMatching(/the kubelet would use it/) },
    ]);
    rmSync(left);
    expect((await node.prepare({ kubeletDir })).exitCode).toBe(EXIT.done);
    // what the new kubelet creates from kubelet.conf
    rmSync(kubeletDir, { recursive: true });
    writeKubeletStore(kubeletDir, readKubeletConf(node.folder).pem);
    expect((await node.prepare({ kubeletDir })).exitCode).toBe(EXIT.done);
  });

  it('a CA key is reported', async () => {
    const node = await newNode();
    mkdirSync(node.at('pki'), { recursive: true });
    writeFileSync(node.at('pki/ca.key'), '');
    const { result } = await node.prepareWhole();
    expect(result.preflightProblems.map(({ file }) => file)).toContain(node.at('pki/ca.key'));
  });
});
