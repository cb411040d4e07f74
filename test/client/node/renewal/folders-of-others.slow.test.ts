/** Folders of a node that belong to another user: interrupted installations, and more of what is planted and refused. */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { listInstallations, record } from '../../../../client/node/install/journal.ts';
import { putInPlace } from '../../../../client/node/install/put-in-place.ts';
import { giveAway, itAsRoot } from '../../../support/other-user.ts';
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
  itAsRoot('an installation of it that was interrupted between links is resumed', async () => {
    const folder = nodeOfEtcd();
    expect((await renew(folder, 'etcd-server')).exitCode).toBe(0);
    const [installation] = listInstallations(join(folder, 'cakeless'));
    if (!installation) throw new Error('no installation');
    await record(installation, { phase: 'prepared' });
    const etcd = etcdOf(folder);
    for (const version of ['old', 'new']) {
      mkdirSync(join(etcd, `.cakeless-${version}`), { mode: 0o711 });
      const files = installation.journal.changes.map(({ path }) => path.split('/').at(-1) ?? '');
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
    await expect(putInPlace(installation, 'old')).rejects.toThrow(
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
