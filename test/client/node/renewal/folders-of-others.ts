/** A node some of whose folders belong to another user. */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NodeFixture } from '../../../support/node-folder.ts';
import { giveAway } from '../../../support/other-user.ts';

export let fixture: NodeFixture;
beforeAll(async () => {
  fixture = await NodeFixture.make();
});
afterAll(() => fixture.close());

export const renew = (folder: string, ...names: string[]) =>
  fixture.run(folder, 'renew', ...names, '--no-restart');
export const etcdOf = (folder: string) => join(folder, 'pki/etcd');
const textOf = (folder: string, path: string) => readFileSync(join(folder, path), 'utf8');
export const isRenewed = (folder: string, path: string) =>
  textOf(folder, path) !== textOf(fixture.template, path);

/** A node where etcd runs as its own user, which owns pki/etcd and what is in it. */
export function nodeOfEtcd(): string {
  const folder = fixture.copy();
  for (const name of ['', ...readdirSync(etcdOf(folder))]) giveAway(join(etcdOf(folder), name));
  return folder;
}

/** A folder of root with a secret. */
export function victimIn(folder: string): string {
  const victim = join(folder, 'victim');
  mkdirSync(victim, { mode: 0o700 });
  writeFileSync(join(victim, 'server.crt'), 'of root', { mode: 0o600 });
  return victim;
}

export function expectUntouched(victim: string) {
  const { uid, mode } = statSync(victim);
  expect([uid, mode & 0o777, readdirSync(victim)]).toEqual([0, 0o700, ['server.crt']]);
  const file = join(victim, 'server.crt');
  expect([readFileSync(file, 'utf8'), statSync(file).uid]).toEqual(['of root', 0]);
}
