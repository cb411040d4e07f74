/** Which CA certificates a node accepts, and which hashes that takes. ca-change.slow.test.ts has the rarer cases. */
import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatCaCertHash } from '../../../../client/node/trust/ca-cert-hash.ts';
import { leadsTo } from '../../../../client/node/trust/signer.ts';
import { readKubeletConf, writeKubeletStore } from '../../../support/kubelet-store.ts';
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
  signKubeconfig,
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

  it('gives kubeconfigs that are not renewed exactly the certificates of ca.crt: a CA that it loses, they lose, too', async () => {
    const folder = initNode();
    const copy = join(folder, 'copy-of-admin');
    writeFileSync(copy, readFileSync(join(folder, 'admin.conf')));
    await publish(pem.next + pem.good);
    const both = await accept(folder, '--also', copy, ...hashes(pem.next));
    const [file, ca] = [join(folder, 'kubelet.conf'), join(folder, 'pki/ca.crt')];
    expect([both.exitCode, both.stdout]).toEqual([
      0,
      expect.stringContaining(`${file}: its CA data is now that of ${ca}`),
    ]);
    expect(caDataOf(folder, 'copy-of-admin')).toEqual(
      [...KUBECONFIGS, 'copy-of-admin'].map((name) => [name, pem.good + pem.next]),
    );
    await publish(pem.good);
    expect((await accept(folder, '--also', copy)).exitCode).toBe(0);
    expect(caDataOf(folder, 'copy-of-admin')).toEqual(
      [...KUBECONFIGS, 'copy-of-admin'].map((name) => [name, pem.good]),
    );
  });

  it('refuses a bundle without the CA of the certificate that the kubelet uses, and that stays', async () => {
    const folder = initNode();
    writeFileSync(join(folder, 'pki/ca.crt'), pem.good + pem.next);
    signCurrentPem(folder);
    const run = await accept(folder, ...kubeletDir(folder));
    expect([run.exitCode, run.stderr]).toEqual([
      7,
      expect.stringMatching(/nothing was changed: .* kubelet\.conf would no longer be trusted/),
    ]);
    expect(caOf(folder)).toBe(pem.good + pem.next);
  });

  it("rollback finds the kubelet's certificate with --kubelet-dir, and keeps the CA that it needs", async () => {
    const folder = fixture.copy();
    writeKubeletStore(join(folder, 'kubelet-pki'), readKubeletConf(folder).pem);
    await publish(pem.good + pem.next);
    expect((await accept(folder, ...kubeletDir(folder), ...hashes(pem.next))).exitCode).toBe(0);
    signCurrentPem(folder);
    const run = await fixture.run(folder, 'rollback', '--no-restart', ...kubeletDir(folder));
    expect([run.exitCode, run.stderr]).toEqual([
      7,
      expect.stringMatching(/kubelet-client-current\.pem: would stay, but no CA in the old /),
    ]);
    expect(caOf(folder)).toBe(pem.good + pem.next);
  });

  it('says to approve super-admin.conf and to run again, if only that one would lose its CA', async () => {
    const folder = initNode();
    writeFileSync(join(folder, 'pki/ca.crt'), pem.good + pem.next);
    signKubeconfig(folder, 'super-admin.conf');
    const run = await renewAll(folder);
    expect([run.exitCode, run.stderr]).toEqual([
      7,
      expect.stringMatching(
        /super-admin\.conf would no longer be trusted\n.*hint: have super-admin\.conf approved .*, then run the same command again$/m,
      ),
    ]);
    expect(caOf(folder)).toBe(pem.good + pem.next);
  });

  it('refuses if a kubeconfig takes its CA from a file that lacks the new one', async () => {
    const folder = initNode();
    const own = join(folder, 'own-ca.crt');
    writeFileSync(own, pem.good);
    const file = join(folder, 'scheduler.conf');
    const data = /certificate-authority-data: \S+/;
    writeFileSync(file, readFileSync(file, 'utf8').replace(data, `certificate-authority: ${own}`));
    await publish(pem.good + pem.next);
    const run = await accept(folder, ...hashes(pem.next));
    expect([run.exitCode, run.stderr]).toEqual([
      7,
      expect.stringContaining(
        `${file} would take its CA certificates from ${own}, which lacks one`,
      ),
    ]);
    expect(caOf(folder)).toBe(pem.good);
    writeFileSync(own, pem.good + pem.next);
    expect((await accept(folder, ...hashes(pem.next))).exitCode).toBe(0);
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

  it('does not accept the hash of another CA', async () => {
    const folder = fixture.copy();
    await publish(pem.good + pem.next);
    const run = await accept(folder, '--ca-cert-hash', formatCaCertHash('etcd-ca', pem.next));
    expect([run.exitCode, caOf(folder)]).toEqual([7, pem.good]);
  });

  it('needs no hash to remove a CA', async () => {
    const folder = fixture.copy();
    writeFileSync(join(folder, 'pki/ca.crt'), pem.good + pem.next);
    const run = await accept(folder);
    expect([run.exitCode, caOf(folder)]).toEqual([0, pem.good]);
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
