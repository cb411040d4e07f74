/** Which CA certificates a node accepts, and which hashes that takes. ca-change.slow.test.ts has the rarer cases. */
import { X509Certificate } from 'node:crypto';
import { formatCaCertHash } from '../../../../client/node/trust/ca-cert-hash.ts';
import { leadsTo } from '../../../../client/node/trust/signer.ts';
import { CLUSTER } from '../../../support/node-folder.ts';
import {
  accept,
  caDataOf,
  caOf,
  currentPem,
  fixture,
  hashes,
  initNode,
  KUBECONFIGS,
  kubeletDir,
  pem,
  publish,
  renewAll,
  signCurrentPem,
  useCaChanges,
} from './ca-change.ts';

useCaChanges();

describe('--accept-ca-change on a node of kubeadm init, whose kubelet.conf names kubelet-client-current.pem', () => {
  it("renews the kubelet's certificate, although the kubelet rotates it, and gives every kubeconfig the new CA data", async () => {
    const folder = initNode();
    await publish(pem.good + pem.next);
    const before = currentPem(folder);
    const run = await renewAll(folder, ...hashes(pem.next));
    // super-admin.conf waits for an approver
    expect([run.exitCode, run.stdout]).toEqual([
      4,
      expect.stringMatching(/kubelet\.conf +renewed/),
    ]);
    expect(currentPem(folder)).not.toBe(before);
    expect(leadsTo(new X509Certificate(currentPem(folder)), caOf(folder))).toBe(true);
    expect(caDataOf(folder)).toEqual(KUBECONFIGS.map((name) => [name, pem.good + pem.next]));
    expect((await fixture.run(folder, 'rollback', '--no-restart')).exitCode).toBe(0);
    expect([currentPem(folder), caOf(folder)]).toEqual([before, pem.good]);
    expect(caDataOf(folder)).toEqual(KUBECONFIGS.map((name) => [name, pem.good]));
  });
});

it("renew all includes the kubelet's certificate if ca.crt no longer contains its CA", async () => {
  const folder = initNode();
  signCurrentPem(folder);
  const run = await fixture.run(folder, 'renew', 'all', '--no-restart', ...kubeletDir(folder));
  expect([run.exitCode, run.stdout]).toEqual([4, expect.stringMatching(/kubelet\.conf +renewed/)]);
});

describe('--accept-ca-change', () => {
  it('refuses a new CA without a matching hash, and shows the hash of its key', async () => {
    const folder = fixture.copy();
    await publish(pem.good + pem.next);
    for (const given of [[], hashes(pem.evil)]) {
      const run = await accept(folder, ...given);
      expect([run.exitCode, run.stderr]).toEqual([
        7,
        expect.stringContaining(formatCaCertHash('ca', pem.next)),
      ]);
      expect(caOf(folder)).toBe(pem.good);
    }
  });

  it('accepts a CA with a matching hash, under the request of the refused run', async () => {
    const folder = fixture.copy();
    await publish(pem.good + pem.next);
    await accept(folder);
    const asked = await fixture.keys(`requests/${CLUSTER}/`);
    const run = await accept(folder, ...hashes(pem.next));
    expect([run.exitCode, run.stderr]).toEqual([
      0,
      expect.stringContaining('installing apiserver'),
    ]);
    expect(caOf(folder)).toBe(pem.good + pem.next);
    expect(await fixture.keys(`requests/${CLUSTER}/`)).toEqual(asked);
  });

  it('shows in a dry run what would change, with the hashes, and whether it would be accepted', async () => {
    const folder = fixture.copy();
    await publish(pem.good + pem.next);
    const gain = `would get CN=kubernetes`;
    const without = await accept(folder, '--dry-run');
    expect(without.stdout).toMatch(
      new RegExp(`CA: .*pki/ca.crt ${gain} .*${formatCaCertHash('ca', pem.next)}`),
    );
    expect(without.stdout).toContain('no --ca-cert-hash matches its key');
    const given = await accept(folder, '--dry-run', ...hashes(pem.next));
    expect(given.stdout).toContain(gain);
    expect(given.stdout).not.toContain('no --ca-cert-hash');
    expect(caOf(folder)).toBe(pem.good);
  });

  it('is required by --ca-cert-hash', async () => {
    const run = await fixture.run(fixture.copy(), 'renew', 'apiserver', ...hashes(pem.next));
    expect([run.exitCode, run.stderr]).toEqual([2, expect.stringContaining('--accept-ca-change')]);
  });
});
