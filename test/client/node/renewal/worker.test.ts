/** A worker has no component that other nodes depend on: it takes no restart lease, and could not. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { listInstallations, record } from '../../../../client/node/install/journal.ts';
import { renew } from '../../../../client/node/renewal/renew.ts';
import { rollBack } from '../../../../client/node/rollback/rollback.ts';
import { NodeFixture } from '../../../support/node-folder.ts';
import { renewalDeps, renewalOptions } from '../../../support/renewal.ts';

let fixture: NodeFixture;
beforeAll(async () => {
  fixture = await NodeFixture.make();
});
afterAll(() => fixture.close());

it('renews, resumes and rolls back kubelet.conf without the lease', async () => {
  const folder = fixture.copy(); // no manifests
  writeFileSync(join(folder, 'kubelet.yaml'), 'healthzPort: 0\n');
  const restarted: string[] = [];
  const deps = renewalDeps(fixture, folder, {
    lease: () => Promise.reject(new Error('a worker asked for the lease')),
    systemd: {
      isRunning: () => true,
      systemctl: async (...args) => void restarted.push(args.join(' ')),
    },
    kubeletConfig: join(folder, 'kubelet.yaml'),
    proc: join(folder, 'proc'), // a kubelet may run on this machine
  });
  const options = renewalOptions(fixture, ['kubelet.conf'], { restart: true });
  const first = await renew(deps, options);
  expect(first.certificates).toMatchObject([{ name: 'kubelet.conf', outcome: 'renewed' }]);
  const [installation] = listInstallations(deps.stateDir);
  if (!installation) throw new Error('no installation');
  await record(installation, { phase: 'applied', restarts: ['kubelet'], restarted: [] });
  const resumed = await renew(deps, options);
  expect(resumed.restarts.map(({ component }) => component)).toContain('kubelet');
  const back = await rollBack(deps, { id: undefined, restart: true, force: true });
  expect(back.restarts.map(({ component }) => component)).toEqual(['kubelet']);
  expect(restarted.length).toBeGreaterThanOrEqual(2);
});
