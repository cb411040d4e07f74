/** Which copies of kubeconfigs `--also` writes, and which folders it does not trust. */
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
import { listInstallations } from '../../../../client/node/install/installation.ts';
import { findOthersFolder } from '../../../../client/node/install/others-folders.ts';
import { renew } from '../../../../client/node/renewal/renew.ts';
import { NodeFixture } from '../../../support/node-folder.ts';
import { renewWish, renewWorld } from '../../../support/renewal.ts';

let fixture: NodeFixture;
beforeAll(async () => {
  fixture = await NodeFixture.make();
});
afterAll(() => fixture.close());

const SOMEBODY = 65_534;
/** Another user's folder is made by root only. */
const itAsRoot = process.getuid?.() === 0 ? it : it.skip;

/** A copy of admin.conf in a folder below the node's. */
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
    expect.stringContaining(`others can change ${named} `),
  ]);
  expect([readFileSync(also), await fixture.keys()]).toEqual(before);
}

it('a folder that others may write to is refused before anything is asked', async () => {
  const folder = fixture.copy();
  const copy = copyIn(folder);
  chmodSync(join(folder, 'home'), 0o777);
  await expectRefused(folder, copy, join(folder, 'home'));
});

it('so is one behind a link', async () => {
  const [folder, elsewhere] = [fixture.copy(), fixture.copy()];
  const copy = copyIn(elsewhere);
  chmodSync(join(elsewhere, 'home/.kube'), 0o770);
  symlinkSync(`../${elsewhere.split('/').at(-1)}/home`, join(folder, 'link'));
  await expectRefused(folder, join(folder, 'link/.kube/config'), join(elsewhere, 'home/.kube'));
  expect(copy).toContain(elsewhere);
});

itAsRoot("so is somebody else's, when root runs it", async () => {
  const folder = fixture.copy();
  const copy = copyIn(folder);
  chownSync(join(folder, 'home'), SOMEBODY, SOMEBODY);
  await expectRefused(folder, copy, join(folder, 'home'));
  expect(findOthersFolder(copy, SOMEBODY)).toBeUndefined();
});

it('a sticky folder such as /tmp is none of these, nor is a file that is not there', () => {
  const folder = fixture.copy();
  expect(findOthersFolder(copyIn(folder))).toBeUndefined();
  chmodSync(join(folder, 'home'), 0o1777);
  expect(findOthersFolder(join(folder, 'home/.kube/config'))).toBeUndefined();
  expect(findOthersFolder(join(folder, 'nowhere/config'))).toBeUndefined();
});

it('a folder that becomes somebody else’s while the node waits for its turn: nothing is changed', async () => {
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
  const wish = renewWish(fixture, ['admin.conf', 'scheduler.conf'], {
    restart: true,
    also: [copy],
  });
  await expect(renew(renewWorld(fixture, folder, { lease }), wish)).rejects.toThrow(
    /others can change \S+home /,
  );
  expect(readFileSync(join(victim, 'config'), 'utf8')).toBe('of root');
  expect(statSync(join(victim, 'config')).uid).toBe(process.getuid?.());
  expect(readFileSync(join(folder, 'admin.conf'))).toEqual(before);
  expect(listInstallations(join(folder, 'cakeless'))).toEqual([]);
});
