/** What the systemd units run, and who can change that program. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EVERY_DAY } from '../../../../client/node/timer/interval.ts';
import { unitFiles } from '../../../../client/node/timer/units.ts';
import { programParts } from '../../../../client/node/units/program-parts.ts';
import { findOpenPart } from '../../../../lib/files/open-to-others.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cakeless-units-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const unitsOf = (kubeconfigDir: string) =>
  unitFiles({
    command: '/usr/bin/node -- /usr/local/lib/cakeless.mjs',
    writable: [],
    expiresWithin: '1/3',
    interval: EVERY_DAY,
    kubeconfigDir,
  });
const units = unitsOf('/etc/kubernetes');
const settingOf = (unit: string, key: string, of = units) =>
  new RegExp(`^${key}=(.*)$`, 'm').exec(of[unit] ?? '')?.[1];

it('no oneshot unit has Restart=, which systemd before 244 refuses', () => {
  for (const name of Object.keys(units).filter((unit) => unit.endsWith('.service')))
    expect([
      settingOf(name, 'Type') === 'oneshot',
      settingOf(name, 'Restart') !== undefined,
    ]).not.toEqual([true, true]);
  expect(settingOf('cakeless-renew.service', 'Restart')).toBe('on-abnormal');
});

it('the documentation of the service is the manual page, and the page of kubeadm', () => {
  expect(settingOf('cakeless-renew.service', 'Documentation')?.split(' ')).toEqual([
    'man:cakeless(1)',
    expect.stringMatching(/^https:.*\/kubeadm-certs\/$/),
  ]);
});

it('at boot, manifests are put back before the kubelet starts, and none is overwritten', () => {
  const [held, manifests] = [join(folder, 'cakeless/held-manifests'), join(folder, 'manifests')];
  for (const made of [held, manifests]) mkdirSync(made, { recursive: true });
  for (const name of ['etcd.yaml', 'kube-apiserver.yaml']) writeFileSync(join(held, name), 'held');
  writeFileSync(join(manifests, 'kube-apiserver.yaml'), 'newer');
  const unit = 'cakeless-restore-manifests.service';
  const line = settingOf(unit, 'ExecStart', unitsOf(folder)) ?? '';
  const [, script = '', target = ''] = /^\/bin\/sh -c '(.*)' (\S+)$/.exec(line) ?? [];
  expect(target).toBe(folder);
  execFileSync('/bin/sh', ['-c', script.replaceAll('$$', '$'), target]);
  expect(readdirSync(manifests).sort()).toEqual(['etcd.yaml', 'kube-apiserver.yaml']);
  expect(readdirSync(held)).toEqual(['kube-apiserver.yaml']);
  expect(settingOf(unit, 'Before')).toBe('kubelet.service');
  const condition = settingOf(unit, 'ConditionDirectoryNotEmpty');
  expect(condition).toBe('/etc/kubernetes/cakeless/held-manifests');
});

it('finds the part of a path that users other than root can change', () => {
  const file = join(folder, 'bin/cakeless.mjs');
  mkdirSync(join(folder, 'bin'));
  writeFileSync(file, '');
  const owner = process.getuid?.() === 0 ? undefined : folder;
  expect(findOpenPart(file, { trusted: [0] })?.path).toBe(owner);
  chmodSync(join(folder, 'bin'), 0o777);
  expect(findOpenPart(file, { trusted: [0] })?.path).toBe(owner ?? join(folder, 'bin'));
  expect(findOpenPart('/bin/sh', { trusted: [0] })).toBeUndefined();
});

it('the program of the installed form includes its chunks, even if it is started through a link', () => {
  const installed = join(folder, 'lib');
  mkdirSync(join(installed, 'chunks'), { recursive: true });
  const files = ['cakeless.mjs', 'chunks/renew.mjs', 'chunks/run.mjs'].map((name) =>
    join(installed, name),
  );
  for (const file of files) writeFileSync(file, '');
  symlinkSync(files[0] ?? '', join(folder, 'cakeless'));
  expect(programParts(join(folder, 'cakeless')).sort()).toEqual(
    files.map((file) => realpathSync(file)),
  );
});
