/** Which copies of kubeconfigs `--also` updates, and which folders it refuses. */
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { findOpenFolder } from '../../../../client/node/install/copies.ts';
import { listInstallations } from '../../../../client/node/install/journal.ts';
import { renew } from '../../../../client/node/renewal/renew.ts';
import { NodeFixture } from '../../../support/node-folder.ts';
import { itAsRoot, OTHER_USER } from '../../../support/other-user.ts';
import { renewalDeps, renewalOptions } from '../../../support/renewal.ts';

let fixture: NodeFixture;
beforeAll(async () => {
  fixture = await NodeFixture.make();
});
afterAll(() => fixture.close());

/** A copy of admin.conf in a folder inside the node's. */
function copyIn(folder: string): string {
  const home = join(folder, 'home', '.kube');
  mkdirSync(home, { recursive: true });
  copyFileSync(join(folder, 'admin.conf'), join(home, 'config'));
  return join(home, 'config');
}

async function expectRefused(folder: string, also: string, named: string) {
  const before = [readFileSync(also), await fixture.keys()];
  const run = await fixture.run(folder, 'renew', 'admin.conf', '--no-restart', '--also', also);
  expect([run.exitCode, run.stderr]).toEqual([
    2,
    expect.stringContaining(`other users can change ${named} `),
  ]);
  expect([readFileSync(also), await fixture.keys()]).toEqual(before);
}

it('a folder that others can write is refused before anything is uploaded', async () => {
  const folder = fixture.copy();
  const copy = copyIn(folder);
  chmodSync(join(folder, 'home'), 0o777);
  await expectRefused(folder, copy, join(folder, 'home'));
});

it('a folder behind a link that others can write is refused, too', async () => {
  const [folder, elsewhere] = [fixture.copy(), fixture.copy()];
  const copy = copyIn(elsewhere);
  chmodSync(join(elsewhere, 'home/.kube'), 0o770);
  symlinkSync(`../${elsewhere.split('/').at(-1)}/home`, join(folder, 'link'));
  await expectRefused(folder, join(folder, 'link/.kube/config'), join(elsewhere, 'home/.kube'));
  expect(copy).toContain(elsewhere);
});

itAsRoot("another user's folder is refused if root runs the command", async () => {
  const folder = fixture.copy();
  const copy = copyIn(folder);
  chownSync(join(folder, 'home'), OTHER_USER, OTHER_USER);
  await expectRefused(folder, copy, join(folder, 'home'));
  expect(findOpenFolder(copy, OTHER_USER)).toBeUndefined();
});

it.each([
  [
    'names no user',
    (yaml: string) =>
      yaml
        .replace(/^current-context: .*$/m, '')
        .replace(/^users:$/m, '$&\n- name: other\n  user: {}'),
  ],
  ['is not YAML', (yaml: string) => `${yaml}\n]`],
  [
    'shares its data through an anchor',
    (yaml: string) =>
      yaml
        .replace('client-certificate-data: ', 'client-certificate-data: &shared ')
        .replace(/$/, 'x: *shared\n'),
  ],
])('a copy that %s is reported, and does not stop the renewal of the node', async (_, change) => {
  const folder = fixture.copy();
  const copy = copyIn(folder);
  const changed = change(readFileSync(copy, 'utf8'));
  writeFileSync(copy, changed);
  const { certificates, notes } = await renew(
    renewalDeps(fixture, folder),
    renewalOptions(fixture, ['admin.conf'], { also: [copy] }),
  );
  expect(certificates).toMatchObject([{ outcome: 'renewed' }]);
  expect(notes.join()).toMatch(/^warning: not updated: \S+\/config: /);
  expect(readFileSync(copy, 'utf8')).toBe(changed);
});

it('a sticky folder such as /tmp is accepted, and so is a missing file', () => {
  const folder = fixture.copy();
  expect(findOpenFolder(copyIn(folder))).toBeUndefined();
  chmodSync(join(folder, 'home'), 0o1777);
  expect(findOpenFolder(join(folder, 'home/.kube/config'))).toBeUndefined();
  expect(findOpenFolder(join(folder, 'nowhere/config'))).toBeUndefined();
});

it('nothing is changed if a folder is redirected while the node waits for the lease', async () => {
  const folder = fixture.copy();
  const copy = copyIn(folder);
  const victim = join(folder, 'root-only');
  mkdirSync(victim, { mode: 0o700 });
  writeFileSync(join(victim, 'config'), 'of root');
  mkdirSync(join(folder, 'manifests'));
  writeFileSync(
    join(folder, 'manifests/kube-scheduler.yaml'),
    'apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: x/kube-scheduler:v1.35.0\n    command: [kube-scheduler]\n',
  );
  const before = readFileSync(join(folder, 'admin.conf'));
  const lease = async () => {
    chmodSync(join(folder, 'home'), 0o777);
    renameSync(join(folder, 'home/.kube'), join(folder, 'home/.kube-2'));
    symlinkSync(victim, join(folder, 'home/.kube'));
    return { extend: async () => {}, release: async () => {} };
  };
  const options = renewalOptions(fixture, ['admin.conf', 'scheduler.conf'], {
    restart: true,
    also: [copy],
  });
  await expect(renew(renewalDeps(fixture, folder, { lease }), options)).rejects.toThrow(
    /other users can change \S+home /,
  );
  expect(readFileSync(join(victim, 'config'), 'utf8')).toBe('of root');
  expect(statSync(join(victim, 'config')).uid).toBe(process.getuid?.());
  expect(readFileSync(join(folder, 'admin.conf'))).toEqual(before);
  expect(listInstallations(join(folder, 'cakeless'))).toEqual([]);
});
