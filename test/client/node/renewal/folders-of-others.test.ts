/** Folders of a node that belong to another user: which are refused, and what that user can plant in the others. */
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { giveAway, itAsRoot, OTHER_USER } from '../../../support/other-user.ts';
import {
  etcdOf,
  expectUntouched,
  fixture,
  isRenewed,
  nodeOfEtcd,
  renew,
  victimIn,
} from './folders-of-others.ts';

describe('pki/etcd of etcd', () => {
  itAsRoot('is renewed and rolled back, and keeps owners and modes', async () => {
    const folder = nodeOfEtcd();
    const files = ['server.crt', 'server.key', 'peer.crt', 'peer.key'];
    const look = () =>
      files.map((name) => {
        const { uid, gid, mode } = lstatSync(join(etcdOf(folder), name));
        return [name, uid, gid, mode & 0o777];
      });
    const before = [look(), statSync(etcdOf(folder)).uid, readdirSync(etcdOf(folder))];
    const run = await renew(folder, 'etcd-server', 'etcd-peer', 'apiserver');
    expect([run.exitCode, run.stderr]).toEqual([0, expect.any(String)]);
    expect(isRenewed(folder, 'pki/etcd/server.crt')).toBe(true);
    expect([look(), statSync(etcdOf(folder)).uid, readdirSync(etcdOf(folder))]).toEqual(before);
    const back = await fixture.run(folder, 'rollback', '--no-restart');
    expect([back.exitCode, isRenewed(folder, 'pki/etcd/server.crt')]).toEqual([0, false]);
    expect([look(), readdirSync(etcdOf(folder))]).toEqual([before[0], before[2]]);
  });

  for (const name of ['.cakeless-old', '.cakeless-new'])
    itAsRoot(`a planted link ${name} does not hand over the folder behind it`, async () => {
      const folder = nodeOfEtcd();
      const victim = victimIn(folder);
      symlinkSync(victim, join(etcdOf(folder), name));
      const run = await renew(folder, 'etcd-server');
      expect([run.exitCode, run.stderr]).toEqual([
        1,
        expect.stringContaining(
          `nothing was changed:\n  ${etcdOf(folder)}/${name}: exists, but Cakeless did not create it`,
        ),
      ]);
      expectUntouched(victim);
      expect(isRenewed(folder, 'pki/etcd/server.crt')).toBe(false);
    });
});

describe('refused before anything is requested or changed', () => {
  const refused: [string, (folder: string) => string][] = [
    ['the folder of the kubeconfigs', (folder) => folder],
    ['pki', (folder) => join(folder, 'pki')],
    ['the state of Cakeless', (folder) => join(folder, 'cakeless')],
  ];
  for (const [what, which] of refused)
    itAsRoot(`${what}, if it belongs to another user`, async () => {
      const folder = fixture.copy();
      mkdirSync(join(folder, 'cakeless'), { mode: 0o700 });
      giveAway(which(folder));
      const keys = await fixture.keys();
      const run = await renew(folder, 'etcd-server');
      expect([run.exitCode, run.stderr]).toEqual([
        2,
        expect.stringContaining(`users other than root can change ${which(folder)}\n`),
      ]);
      expect(run.stderr).toContain('hint: others could redirect what root reads or writes there');
      expect(await fixture.keys()).toEqual(keys);
      expect(isRenewed(folder, 'pki/etcd/server.crt')).toBe(false);
    });

  itAsRoot('pki, if a group can write it', async () => {
    const folder = fixture.copy();
    chmodSync(join(folder, 'pki'), 0o775);
    expect((await renew(folder, 'apiserver')).stderr).toContain(
      `users other than root can change ${join(folder, 'pki')}`,
    );
  });

  itAsRoot('pki/etcd that is a link to a folder of another user', async () => {
    const folder = fixture.copy();
    mkdirSync(join(folder, 'home'));
    renameSync(etcdOf(folder), join(folder, 'home/etcd'));
    giveAway(join(folder, 'home'));
    symlinkSync(join(folder, 'home/etcd'), etcdOf(folder));
    const run = await renew(folder, 'etcd-server');
    expect([run.exitCode, run.stderr]).toEqual([
      2,
      expect.stringContaining(`users other than root can change ${join(folder, 'home')}`),
    ]);
    expect(existsSync(join(folder, 'home/etcd/.cakeless-old'))).toBe(false);
    expect(statSync(join(folder, 'home')).uid).toBe(OTHER_USER);
  });
});
