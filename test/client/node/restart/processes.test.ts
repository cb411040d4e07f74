/** Which processes are a component's: any user can start a process with its name and arguments. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Manifest } from '../../../../client/node/restart/manifest.ts';
import { findProcesses, isKubeletOfOthers } from '../../../../client/node/restart/processes.ts';

let proc: string;
beforeEach(() => {
  proc = mkdtempSync(join(tmpdir(), 'cakeless-proc-'));
});
afterEach(() => rmSync(proc, { recursive: true }));

const FOLDERS = { kubeconfigDir: '/etc/kubernetes', certDir: '/etc/kubernetes/pki' };
const FLAG = '--cert-file=/etc/kubernetes/pki/etcd/server.crt';
const manifest = (users: number[] = []): Manifest => ({
  file: '/etc/kubernetes/manifests/etcd.yaml',
  version: undefined,
  words: ['etcd', FLAG],
  flags: new Map(),
  users,
});

interface Process {
  readonly pid: number;
  readonly args?: readonly string[];
  /** undefined if it cannot be read, as without CAP_SYS_PTRACE. */
  readonly exe?: string | undefined;
  /** Real, effective, saved and file system user. */
  readonly users?: readonly number[];
}

function run({ pid, users = [0, 0, 0, 0], args = ['etcd', FLAG], ...more }: Process): void {
  const { exe } = { exe: '/usr/local/bin/etcd', ...more };
  const folder = join(proc, String(pid));
  mkdirSync(folder);
  writeFileSync(join(folder, 'cmdline'), [...args, ''].join('\0'));
  const fields = ['S', ...Array.from({ length: 18 }, () => '1'), '77', '0'];
  writeFileSync(join(folder, 'stat'), `${pid} (etcd) ${fields.join(' ')}\n`);
  writeFileSync(join(folder, 'status'), `Name:\tetcd\nUid:\t${users.join('\t')}\nGid:\t0\n`);
  if (exe !== undefined) symlinkSync(exe, join(folder, 'exe'));
}

const ROOTLESS = 2001;
const USER = 1000;
const all = (uid: number) => [uid, uid, uid, uid];

test.each([
  ['a process of another user', { pid: 20, users: all(USER) }],
  ['a program with extended rights that a user started', { pid: 20, users: [USER, 0, 0, 0] }],
  ['another program of root, such as sudo', { pid: 20, exe: '/usr/bin/sudo' }],
])('%s does not count beside the component', (_, fake: Process) => {
  run({ pid: 10 });
  run(fake);
  expect(findProcesses('etcd', FOLDERS, manifest(), proc)).toEqual(['10:77']);
});

test('the user alone decides if the program of a process cannot be read', () => {
  run({ pid: 10, exe: undefined });
  run({ pid: 20, exe: undefined, users: all(USER) });
  expect(findProcesses('etcd', FOLDERS, manifest(), proc)).toEqual(['10:77']);
});

test('a component runs as the user that its manifest names', () => {
  run({ pid: 10, users: all(ROOTLESS) });
  run({ pid: 20, users: all(USER) });
  expect(findProcesses('etcd', FOLDERS, manifest([ROOTLESS]), proc)).toEqual(['10:77']);
});

test('a component that its image runs as another user, or with a wrapper, is found', () => {
  run({ pid: 10, users: all(USER) });
  run({ pid: 20, exe: '/bin/busybox', users: all(USER) });
  expect(findProcesses('etcd', FOLDERS, manifest(), proc)).toEqual(['10:77', '20:77']);
});

describe('the kubelet of this machine', () => {
  const kubelet = (folder: string) => ['kubelet', `--kubeconfig=${folder}/kubelet.conf`];
  const copy = { kubeconfigDir: '/root/copy', certDir: '/root/copy/pki' };
  const own = FOLDERS.kubeconfigDir;

  test.each([
    ['is not that of a copy of its files', copy, own, true],
    ['is that of folders that it names', copy, '/root/copy', false],
    ["is that of kubeadm's folders, whatever it names", FOLDERS, '/root/copy', false],
    ['is unknown if it does not run', copy, undefined, false],
  ])('%s', (_, folders, named, isOfOthers) => {
    if (named !== undefined) run({ pid: 10, exe: '/usr/bin/kubelet', args: kubelet(named) });
    expect(isKubeletOfOthers(folders, proc)).toBe(isOfOthers);
  });
});
