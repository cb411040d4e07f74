/** The first cakeless-csrsigning.conf of a control plane, requested on a node that was prepared without it. */
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readKubeconfig } from '../../../../client/node/disk/kubeconfig.ts';
import { createCsrsigning } from '../../../../client/node/renewal/create-csrsigning.ts';
import { renew } from '../../../../client/node/renewal/renew.ts';
import { listRequests } from '../../../../client/node/renewal/request-journal.ts';
import { rollBack } from '../../../../client/node/rollback/rollback.ts';
import { CLUSTER, NodeFixture } from '../../../support/node-folder.ts';
import { renewalDeps, renewalOptions } from '../../../support/renewal.ts';

const CONF = 'cakeless-csrsigning.conf';
let fixture: NodeFixture;
beforeAll(async () => {
  fixture = await NodeFixture.make();
});
afterAll(() => fixture.close());

const create = (deps: ReturnType<typeof renewalDeps>) =>
  createCsrsigning(deps, {
    cluster: CLUSTER,
    node: fixture.node,
    waitSeconds: 30,
    waitForApprovals: false,
  });

it('is rejected without csrSigning in the cluster record, and the next run requests a new one', async () => {
  await fixture.changeRecord({ csrSigning: undefined });
  const folder = fixture.copy();
  const deps = renewalDeps(fixture, folder);
  expect(await create(deps)).toMatchObject({
    name: CONF,
    outcome: 'rejected',
    violations: [{ code: 'csr-signing-not-allowed' }],
  });
  expect([existsSync(join(folder, CONF)), listRequests(deps.stateDir)]).toEqual([false, []]);
});

describe('with csrSigning in the cluster record', () => {
  // tests run in any order
  beforeEach(() => fixture.changeRecord({ csrSigning: { kubeletClient: {} } }));

  it("is created for root alone, with the node's own API server and CA, and rolled back", async () => {
    const folder = fixture.copy();
    const deps = renewalDeps(fixture, folder);
    expect(await create(deps)).toMatchObject({ name: CONF, outcome: 'renewed' });
    expect(statSync(join(folder, CONF)).mode & 0o777).toBe(0o600);
    const read = (name: string) => readKubeconfig(readFileSync(join(folder, name), 'utf8'), folder);
    const { server, certificateAuthority } = read('controller-manager.conf');
    expect(read(CONF)).toMatchObject({
      server,
      certificateAuthority,
      userName: 'cakeless:csrsigning',
    });
    expect(await create(deps)).toBeUndefined();
    await rollBack(deps, { id: undefined, restart: false, force: false });
    expect(existsSync(join(folder, CONF))).toBe(false);
  });

  it('is renewed by all once it exists, and restarts nothing', async () => {
    const folder = fixture.copy();
    const deps = renewalDeps(fixture, folder);
    await create(deps);
    const before = readFileSync(join(folder, CONF), 'utf8');
    const report = await renew(deps, renewalOptions(fixture, [CONF], { restart: true }));
    expect(report).toMatchObject({
      certificates: [{ name: CONF, outcome: 'renewed' }],
      restarts: [],
    });
    expect(readFileSync(join(folder, CONF), 'utf8')).not.toBe(before);
  });

  it('a request without an outcome is kept by renew, and continued by the next run', async () => {
    const folder = fixture.copy();
    const deps = renewalDeps(fixture, folder);
    const stopped = { ...deps, exchange: () => Promise.reject(new Error('no network')) };
    await expect(create(stopped)).rejects.toThrow('no network');
    const [open] = listRequests(deps.stateDir);
    const report = await renew(
      deps,
      renewalOptions(fixture, ['all'], { expiresWithin: { text: '0', seconds: 0 } }),
    );
    expect(report.notes.join('\n')).toContain('cakeless install-csrsigning continues it');
    expect(listRequests(deps.stateDir)).toEqual([open]);
    expect(await create(deps)).toMatchObject({ outcome: 'renewed' });
    expect(listRequests(deps.stateDir)).toEqual([]);
  });

  it('is refused on a node without controller-manager.conf', async () => {
    const folder = fixture.copy();
    rmSync(join(folder, 'controller-manager.conf'));
    await expect(create(renewalDeps(fixture, folder))).rejects.toThrow(
      /controller-manager\.conf: needed/,
    );
  });

  it('an existing file is left alone, whatever it contains', async () => {
    const folder = fixture.copy();
    writeFileSync(join(folder, CONF), 'mine');
    expect(await create(renewalDeps(fixture, folder))).toBeUndefined();
    expect(readFileSync(join(folder, CONF), 'utf8')).toBe('mine');
  });
});
