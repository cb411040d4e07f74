/** The systemd units: what they would run, and who could change it. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unitFiles } from '../../../client/systemd/units.ts';
import { findWritableByOthers } from '../../../client/systemd/writable-by-others.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cakeless-units-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const unitsOf = (kubeconfigDir: string) =>
  unitFiles({
    command: '/usr/bin/node -- /usr/local/lib/cakeless.mjs',
    writable: [],
    kubeconfigDir,
  });
const units = unitsOf('/etc/kubernetes');
const settingOf = (unit: string, key: string, of = units) =>
  new RegExp(`^${key}=(.*)$`, 'm').exec(of[unit] ?? '')?.[1];

it('no oneshot has Restart=, which systemd before 244 refuses', () => {
  for (const name of Object.keys(units).filter((unit) => unit.endsWith('.service')))
    expect([
      settingOf(name, 'Type') === 'oneshot',
      settingOf(name, 'Restart') !== undefined,
    ]).not.toEqual([true, true]);
  expect(settingOf('cakeless-renew.service', 'Restart')).toBe('on-abnormal');
});

it('at boot, manifests come back before the kubelet looks, and none is written over', () => {
  const [held, manifests] = [join(folder, 'cakeless/held-manifests'), join(folder, 'manifests')];
  for (const made of [held, manifests]) mkdirSync(made, { recursive: true });
  for (const name of ['etcd.yaml', 'kube-apiserver.yaml']) writeFileSync(join(held, name), 'held');
  writeFileSync(join(manifests, 'kube-apiserver.yaml'), 'newer');
  const unit = 'cakeless-return.service';
  const line = settingOf(unit, 'ExecStart', unitsOf(folder)) ?? '';
  const [, script = '', place = ''] = /^\/bin\/sh -c '(.*)' (\S+)$/.exec(line) ?? [];
  expect(place).toBe(folder);
  execFileSync('/bin/sh', ['-c', script.replaceAll('$$', '$'), place]);
  expect(readdirSync(manifests).sort()).toEqual(['etcd.yaml', 'kube-apiserver.yaml']);
  expect(readdirSync(held)).toEqual(['kube-apiserver.yaml']);
  expect(settingOf(unit, 'Before')).toBe('kubelet.service');
  const condition = settingOf(unit, 'ConditionDirectoryNotEmpty');
  expect(condition).toBe('/etc/kubernetes/cakeless/held-manifests');
});

it('a program that others than root can change is found', () => {
  const file = join(folder, 'bin/cakeless.mjs');
  mkdirSync(join(folder, 'bin'));
  writeFileSync(file, '');
  const owner = process.getuid?.() === 0 ? undefined : folder;
  expect(findWritableByOthers(file)).toBe(owner);
  chmodSync(join(folder, 'bin'), 0o777);
  expect(findWritableByOthers(file)).toBe(owner ?? join(folder, 'bin'));
  expect(findWritableByOthers('/bin/sh')).toBeUndefined();
});
