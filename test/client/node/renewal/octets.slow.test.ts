/** Users' files keep every byte that the renewal does not have to change. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { placeOf } from '../../../../client/node/disk/places.ts';
import { readPlace } from '../../../../client/node/disk/read-place.ts';
import { NodeFixture } from '../../../support/node-folder.ts';

let fixture: NodeFixture;
beforeAll(async () => {
  fixture = await NodeFixture.make();
});
afterAll(() => fixture.close());

it.each([
  ['UTF-8', 'utf8', 'me'],
  ['UTF-8, even in the user name,', 'utf8', 'Jörg'],
  ['Latin-1', 'latin1', 'me'],
  ['Latin-1, even in the user name,', 'latin1', 'Jörg'],
] as const)('%s in a kubeconfig is kept, and restored by rollback', async (_, encoding, user) => {
  const folder = fixture.copy();
  const file = join(folder, 'admin.conf');
  const comment = Buffer.from('# Köln, Straße 1\n', encoding);
  const text = readFileSync(file, 'utf8')
    .replace('user: me', `user: ${user}`)
    .replace('- name: me\n', `- name: ${user}\n`);
  writeFileSync(file, Buffer.concat([comment, Buffer.from(text, encoding)]));
  const before = readFileSync(file);
  const run = await fixture.run(folder, 'renew', 'admin.conf', '--no-restart');
  expect([run.exitCode, run.stderr]).toEqual([0, expect.stringContaining('installing')]);
  const after = readFileSync(file);
  expect(after.equals(before)).toBe(false);
  const data = /[A-Za-z0-9+/=]{100,}/g;
  expect(after.toString('latin1').replace(data, '')).toBe(
    before.toString('latin1').replace(data, ''),
  );
  const place = readPlace(
    placeOf('admin.conf', { kubeconfigDir: folder, certDir: join(folder, 'pki') }),
  );
  expect(place).toMatchObject({ state: 'present', problems: [] });
  expect((await fixture.run(folder, 'rollback', '--no-restart')).exitCode).toBe(0);
  expect(readFileSync(file).equals(before)).toBe(true);
});
