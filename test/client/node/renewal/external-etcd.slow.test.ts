/** A renewal of all certificates of a control plane with an external etcd. */
import { etcdClient, fixture, nodeWithExternalEtcd } from './external-etcd.ts';

it('renew all leaves its certificates alone, and succeeds', async () => {
  const folder = nodeWithExternalEtcd();
  const before = etcdClient(folder);
  const run = await fixture.run(folder, 'renew', 'all', '--no-restart');
  // super-admin.conf waits for an approver
  expect([run.exitCode, run.stdout]).toEqual([
    4,
    expect.stringMatching(/apiserver-etcd-client: kube-apiserver uses an external etcd/),
  ]);
  expect(run.stdout).toMatch(/^apiserver +renewed/m);
  expect(etcdClient(folder)).toBe(before);
});
