/** Folders of a node that belong to another user: which are refused, and what that user can plant in the others. */

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { listInstallations, record } from '../../../../client/node/install/journal.ts';
import { ownInstallation } from '../../../../client/node/install/own-installation.ts';
import { putInPlace } from '../../../../client/node/install/put-in-place.ts';
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
  itAsRoot('an installation of it that was interrupted between links is resumed', async () => {
    const folder = nodeOfEtcd();
    expect((await renew(folder, 'etcd-server')).exitCode).toBe(0);
    const [installation] = listInstallations(join(folder, 'cakeless'));
    if (!installation) throw new Error('no installation');
    await record(installation, { phase: 'prepared' });
    const etcd = etcdOf(folder);
    for (const version of ['old', 'new']) {
      mkdirSync(join(etcd, `.cakeless-${version}`), { mode: 0o711 });
      const files = installation.journal.changes.map(({ file }) => file.split('/').at(-1) ?? '');
      for (const [i, name] of files.entries())
        cpSync(
          join(installation.folder, version, String(i)),
          join(etcd, `.cakeless-${version}`, name),
        );
    }
    symlinkSync('.cakeless-old', join(etcd, '.cakeless-current'));
    for (const name of ['server.crt', 'server.key']) {
      rmSync(join(etcd, name));
      symlinkSync(`.cakeless-current/${name}`, join(etcd, name));
    }
    expect(isRenewed(folder, 'pki/etcd/server.crt')).toBe(false);
    expect((await renew(folder, 'etcd-peer')).exitCode).toBe(0);
    expect(lstatSync(join(etcd, 'server.crt')).isFile()).toBe(true);
    expect(isRenewed(folder, 'pki/etcd/server.crt')).toBe(true);
    expect(readdirSync(etcd).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  itAsRoot('a link that is planted while files are replaced is refused, too', async () => {
    const folder = nodeOfEtcd();
    expect((await renew(folder, 'etcd-server')).exitCode).toBe(0);
    const [installation] = listInstallations(join(folder, 'cakeless'));
    if (!installation) throw new Error('no installation');
    const victim = victimIn(folder);
    symlinkSync(victim, join(etcdOf(folder), '.cakeless-old'));
    const own = ownInstallation(installation, {
      kubeconfigDir: folder,
      certDir: join(folder, 'pki'),
    });
    await expect(putInPlace(own, 'old')).rejects.toThrow(
      `${etcdOf(folder)}/.cakeless-old: a link or a file of another user is on the path`,
    );
    expectUntouched(victim);
  });

  itAsRoot(
    'a certificate that is replaced with a link is neither followed nor backed up',
    async () => {
      const folder = nodeOfEtcd();
      const victim = victimIn(folder);
      cpSync(join(etcdOf(folder), 'server.crt'), join(victim, 'server.crt'));
      const before = readFileSync(join(victim, 'server.crt'));
      rmSync(join(etcdOf(folder), 'server.crt'));
      symlinkSync(join(victim, 'server.crt'), join(etcdOf(folder), 'server.crt'));
      const run = await renew(folder, 'etcd-server');
      expect([run.exitCode, run.stderr]).toEqual([
        2,
        expect.stringContaining(`users other than root can change ${etcdOf(folder)}`),
      ]);
      expect(readFileSync(join(victim, 'server.crt'))).toEqual(before);
      expect(listInstallations(join(folder, 'cakeless'))).toEqual([]);
    },
  );

  itAsRoot('a FIFO where a certificate should be does not stop the run', async () => {
    const folder = nodeOfEtcd();
    rmSync(join(etcdOf(folder), 'server.crt'));
    execFileSync('mkfifo', [join(etcdOf(folder), 'server.crt')]);
    const run = await renew(folder, 'etcd-server');
    expect([run.exitCode, run.stdout + run.stderr]).toEqual([
      expect.any(Number),
      expect.stringContaining('server.crt: not a regular file'),
    ]);
    expect(run.exitCode).not.toBe(0);
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
  itAsRoot('manifests of another user, before one of them is moved', async () => {
    const folder = fixture.copy();
    mkdirSync(join(folder, 'manifests'));
    giveAway(join(folder, 'manifests'));
    const keys = await fixture.keys();
    for (const command of [['renew', 'etcd-server'], ['rollback']])
      expect(await fixture.run(folder, ...command)).toMatchObject({
        exitCode: 2,
        stderr: expect.stringContaining(`users other than root can change ${folder}/manifests\n`),
      });
    expect(await fixture.keys()).toEqual(keys);
    expect(readdirSync(join(folder, 'cakeless'))).toEqual(['last-renewal.json']);
    expect((await renew(folder, 'etcd-server')).exitCode).toBe(0); // --no-restart
  });
});
