/** Which CA certificates a node accepts, and which hashes that takes; odd bundles, runs that renew nothing, the order in ca.crt. */

import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renew } from '../../../../client/node/renewal/renew.ts';
import { caHashesOf, formatCaCertHash } from '../../../../client/node/trust/ca-cert-hash.ts';
import { leadsTo } from '../../../../client/node/trust/signer.ts';
import { readKubeletConf, writeKubeletStore } from '../../../support/kubelet-store.ts';
import { CLUSTER } from '../../../support/node-folder.ts';
import { putObject, removeObject, renewalDeps, renewalOptions } from '../../../support/renewal.ts';
import { cakeless } from '../../../support/running-service-command.ts';
import {
  accept,
  caDataOf,
  caOf,
  currentPem,
  fixture,
  hashes,
  hidden,
  initNode,
  KUBECONFIGS,
  kubeletDir,
  makeCa,
  pem,
  publish,
  renewAll,
  root,
  signByNext,
  signCurrentPem,
  signKubeconfig,
  signOwn,
  useCaChanges,
} from './ca-change.ts';

useCaChanges();

it("renew all includes the kubelet's certificate if ca.crt no longer contains its CA", async () => {
  const folder = initNode();
  signCurrentPem(folder);
  const run = await fixture.run(folder, 'renew', 'all', '--no-restart', ...kubeletDir(folder));
  expect([run.exitCode, run.stdout]).toEqual([4, expect.stringMatching(/kubelet\.conf +renewed/)]);
});

describe('a bundle with a CA that only other programs would read', () => {
  it('is refused by --accept-ca-change', async () => {
    const folder = fixture.copy();
    await publish(pem.good + pem.next + hidden(pem.evil));
    const run = await accept(folder, ...hashes(pem.next));
    expect([run.exitCode, run.stderr]).toEqual([
      7,
      expect.stringMatching(/not a list of canonical/),
    ]);
    expect(caOf(folder)).toBe(pem.good);
  });

  it('does not block renewals of certificates that the CA file on disk signed', async () => {
    const folder = fixture.copy();
    await publish(pem.good + hidden(pem.evil));
    const run = await fixture.run(folder, 'renew', 'apiserver', '--no-restart');
    expect([run.exitCode, run.stdout]).toEqual([
      0,
      expect.stringMatching(/stays as it is: the trust bundle/),
    ]);
    expect(caOf(folder)).toBe(pem.good);
  });

  it('is refused by fetch', async () => {
    await publish(pem.good + hidden(pem.evil));
    const place = ['--cluster', CLUSTER, '--node', fixture.node, '--request', 'first'];
    const out = join(root, 'fetched');
    const run = await cakeless(fixture.environment(), 'fetch', ...place, '--out', out);
    expect([run.exitCode, run.stdout]).toEqual([
      7,
      expect.stringMatching(/not written: the trust bundle trust\/fleet\/ca.crt is not/),
    ]);
  });
});

describe('--accept-ca-change if no certificate is due', () => {
  const notDue = (folder: string, ...more: string[]) =>
    renewAll(folder, '--if-expires-within', '1h', ...more);
  const leafOf = (folder: string) => readFileSync(join(folder, 'pki/apiserver.crt'), 'utf8');

  it('installs the change in ca.crt and all kubeconfigs, and renews nothing', async () => {
    const folder = initNode();
    await publish(pem.good + pem.next);
    const [leaf, kubelet] = [leafOf(folder), currentPem(folder)];
    const run = await notDue(folder, ...hashes(pem.next));
    expect([run.exitCode, run.stdout]).toEqual([
      0,
      expect.stringMatching(/^nothing to renew[\s\S]*CA: .*pki\/ca.crt got CN=kubernetes/),
    ]);
    expect(run.stderr).toContain(`installing ${join(folder, 'pki/ca.crt')} ...`);
    expect(caOf(folder)).toBe(pem.good + pem.next);
    expect(caDataOf(folder)).toEqual(KUBECONFIGS.map((name) => [name, pem.good + pem.next]));
    expect([leafOf(folder), currentPem(folder)]).toEqual([leaf, kubelet]);
    expect((await fixture.run(folder, 'rollback', '--no-restart')).exitCode).toBe(0);
    expect(caDataOf(folder)).toEqual(KUBECONFIGS.map((name) => [name, pem.good]));
  });

  it('is refused without a hash, and says so with its exit code', async () => {
    const folder = initNode();
    await publish(pem.good + pem.next);
    const run = await notDue(folder);
    expect([run.exitCode, run.stderr, caOf(folder)]).toEqual([
      7,
      expect.stringContaining(formatCaCertHash('ca', pem.next)),
      pem.good,
    ]);
  });

  it('says that the CA files are those of the service, if they are', async () => {
    const run = await notDue(initNode());
    expect([run.exitCode, run.stdout]).toEqual([
      0,
      expect.stringContaining('the CA files of this node are those that the service publishes'),
    ]);
  });

  it('changes the files of the other CAs, too', async () => {
    const folder = initNode();
    const file = join(folder, 'pki/front-proxy-ca.crt');
    const before = readFileSync(file, 'utf8');
    const next = makeCa('next-front-proxy', 'front-proxy-ca');
    await putObject(fixture, 'trust/fleet/front-proxy-ca.crt', before + next);
    try {
      const run = await notDue(folder, '--ca-cert-hash', formatCaCertHash('front-proxy-ca', next));
      expect([run.exitCode, readFileSync(file, 'utf8')]).toEqual([0, before + next]);
      expect(caOf(folder)).toBe(pem.good);
    } finally {
      await putObject(fixture, 'trust/fleet/front-proxy-ca.crt', before);
    }
  });

  it('restarts only what reads the files of that CA when it starts, as a dry run foresees', async () => {
    const folder = initNode();
    await publish(pem.good + pem.next);
    const foreseen = await fixture.run(
      folder,
      ...['renew', 'all', '--if-expires-within', '1h', '--dry-run', '-o', 'json'],
      ...['--accept-ca-change', ...kubeletDir(folder), ...hashes(pem.next)],
    );
    const { restarts, caChange } = JSON.parse(foreseen.stdout);
    expect(caChange.cas).toEqual(['ca']);
    expect(restarts.map(({ component }: { component: string }) => component)).toEqual([
      'kube-controller-manager',
      'kube-scheduler',
      'kubelet',
    ]);
  });

  it('needs the name of the trust domain if neither the bucket nor an installation has it', async () => {
    const folder = initNode();
    await publish(pem.good + pem.next);
    const given = caHashesOf([formatCaCertHash('ca', pem.next)]);
    const run = (trustDomain?: string) =>
      renew(
        renewalDeps(fixture, folder),
        renewalOptions(fixture, ['all'], {
          node: 'elsewhere',
          caChange: { accept: true, hashes: given },
          expiresWithin: { text: '60s', seconds: 60 },
          trustDomain,
        }),
      );
    await expect(run()).rejects.toThrow(/the trust domain is unknown/);
    expect(caOf(folder)).toBe(pem.good);
    expect((await run('fleet')).caDifferences).toHaveLength(1);
    expect(caOf(folder)).toBe(pem.good + pem.next);
  });
});

describe('the first certificate of ca.crt, which is all that kubeadm reads,', () => {
  it('stays the CA of the certificates of this node, although the new one is published first', async () => {
    const folder = initNode();
    await publish(pem.next + pem.good);
    expect((await accept(folder, ...kubeletDir(folder), ...hashes(pem.next))).exitCode).toBe(0);
    expect(caOf(folder)).toBe(pem.good + pem.next);
    const again = await renewAll(folder, '--if-expires-within', '1h');
    expect([again.exitCode, again.stdout]).toEqual([0, expect.not.stringContaining('CA: ')]);
  });

  it('turns with the last certificate, although nobody accepts anything', async () => {
    const folder = fixture.copy();
    // as if this CA were the new one, and the certificates that stay were of it already
    writeFileSync(join(folder, 'pki/ca.crt'), pem.next + pem.good);
    const run = await fixture.run(folder, 'renew', 'apiserver', '--no-restart');
    expect([run.exitCode, run.stdout]).toEqual([
      0,
      expect.stringMatching(/CA: .*ca.crt now starts with CN=kubernetes/),
    ]);
    expect(caOf(folder)).toBe(pem.good + pem.next);
    expect(caDataOf(folder)).toEqual(KUBECONFIGS.map((name) => [name, pem.good + pem.next]));
  });

  it('turns without a restart of an API server that verifies kubelets with it', async () => {
    const folder = fixture.copy();
    const file = join(folder, 'pki/ca.crt');
    writeFileSync(file, pem.next + pem.good);
    mkdirSync(join(folder, 'manifests'));
    writeFileSync(
      join(folder, 'manifests/kube-apiserver.yaml'),
      `spec:\n  containers:\n  - command: [kube-apiserver, --kubelet-certificate-authority=${file}]\n`,
    );
    const { exitCode, stderr } = await fixture.run(
      folder,
      ...['renew', 'admin.conf', '--restart-timeout', '1s'], // nothing here could be restarted
    );
    expect([exitCode, stderr]).toEqual([0, expect.not.stringContaining('kube-apiserver')]);
    expect(caOf(folder)).toBe(pem.good + pem.next);
  });

  it('does not turn while a certificate is of the other CA', async () => {
    const folder = fixture.copy();
    writeFileSync(join(folder, 'pki/ca.crt'), pem.next + pem.good);
    signKubeconfig(folder, 'scheduler.conf');
    expect((await fixture.run(folder, 'renew', 'apiserver', '--no-restart')).exitCode).toBe(0);
    expect(caOf(folder)).toBe(pem.next + pem.good);
  });
});

describe('kubelet-ca.crt', () => {
  const KEY = 'trust/fleet/kubelet-ca.crt';
  const fileOf = (folder: string) => join(folder, 'pki/kubelet-ca.crt');
  const pin = (text: string) => ['--ca-cert-hash', formatCaCertHash('kubelet-ca', text)];
  let published = '';
  let next = '';

  beforeAll(async () => {
    published = readFileSync(join(fixture.template, 'pki/kubelet-ca.crt'), 'utf8');
    next = makeCa('next-kubelets', 'kubelet-ca');
  });
  afterEach(() => putObject(fixture, KEY, published));

  const withoutFile = () => {
    const folder = fixture.copy();
    rmSync(fileOf(folder));
    return folder;
  };
  const casShown = async (folder: string) => {
    const args = ['--kubeconfig-dir', folder, '-o', 'json'];
    const { stdout } = await cakeless({}, 'check-expiration', ...args);
    return JSON.parse(stdout).certificateAuthorities.map(({ name }: { name: string }) => name);
  };
  const renew = (folder: string, ...more: string[]) =>
    fixture.run(folder, 'renew', 'apiserver-kubelet-client', '--no-restart', ...more);

  it('is not missed on a node that does not have it', async () => {
    const folder = withoutFile();
    const { exitCode, stdout } = await renew(folder);
    expect([exitCode, existsSync(fileOf(folder))]).toEqual([0, false]);
    expect(stdout).not.toContain('kubelet-ca');
    expect(await casShown(folder)).toEqual(['ca', 'etcd-ca', 'front-proxy-ca']);
  });

  it('is added by its hash, and no kubelet or other CA file changes', async () => {
    const folder = withoutFile();
    const kubelet = readFileSync(join(folder, 'kubelet.conf'), 'utf8');
    await publish(pem.next);
    const { exitCode, stdout } = await renew(folder, '--accept-ca-change', ...pin(published));
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining('ca.crt would get')]);
    expect(stdout).toMatch(/kubelet-ca.crt got CN=kubelet-ca/);
    expect(readFileSync(fileOf(folder), 'utf8')).toBe(published);
    expect(readFileSync(join(folder, 'kubelet.conf'), 'utf8')).toBe(kubelet);
    expect(caOf(folder)).toBe(pem.good);
    expect(await casShown(folder)).toEqual(['ca', 'etcd-ca', 'front-proxy-ca', 'kubelet-ca']);
  });

  it('is removed by a rollback of what added it', async () => {
    const folder = withoutFile();
    expect((await renew(folder, '--accept-ca-change', ...pin(published))).exitCode).toBe(0);
    expect((await fixture.run(folder, 'rollback', '--no-restart')).exitCode).toBe(0);
    expect(existsSync(fileOf(folder))).toBe(false);
  });

  it('is not replaced without a hash, and the difference is reported', async () => {
    const folder = fixture.copy();
    await putObject(fixture, KEY, next);
    const { exitCode, stdout } = await renew(folder);
    expect([exitCode, readFileSync(fileOf(folder), 'utf8')]).toEqual([0, published]);
    expect(stdout).toMatch(/kubelet-ca.crt would get CN=kubelet-ca/);
    const unpinned = await renew(folder, '--accept-ca-change', ...pin(published));
    expect(unpinned.exitCode).toBe(7);
    expect(unpinned.stderr).toContain(formatCaCertHash('kubelet-ca', next));
    expect(readFileSync(fileOf(folder), 'utf8')).toBe(published);
  });

  it('that someone else wrote is left alone if the trust domain has no such CA', async () => {
    const folder = fixture.copy();
    writeFileSync(fileOf(folder), next);
    await removeObject(fixture, KEY);
    const { exitCode, stdout } = await renew(folder);
    expect([exitCode, readFileSync(fileOf(folder), 'utf8')]).toEqual([0, next]);
    expect(stdout).not.toContain('kubelet-ca.crt');
  });

  it('does not become another CA, even if a hash is given for it', async () => {
    const folder = withoutFile();
    await putObject(fixture, KEY, pem.good);
    const { exitCode, stderr } = await renew(folder, '--accept-ca-change', ...pin(pem.good));
    expect([exitCode, existsSync(fileOf(folder))]).toEqual([7, false]);
    expect(stderr).toMatch(/kubelet-ca\.crt would contain a certificate that has the name of ca/);
    const foreseen = await renew(folder, '--dry-run', '--accept-ca-change', ...pin(pem.good));
    expect(foreseen.stdout).toContain('has the name of ca');
  });

  it('does not get the key of another CA under its own name', async () => {
    const folder = withoutFile();
    const twin = signOwn('next', 'kubelet-ca');
    await publish(pem.good + pem.next);
    await putObject(fixture, KEY, twin);
    const given = [...hashes(pem.next), ...pin(twin)];
    const { exitCode, stderr } = await renew(folder, '--accept-ca-change', ...given);
    expect([exitCode, existsSync(fileOf(folder)), caOf(folder)]).toEqual([7, false, pem.good]);
    expect(stderr).toMatch(/kubelet-ca\.crt would contain a certificate that has the key of ca/);
  });

  describe('that kube-apiserver names', () => {
    /** Its kubelet's serving certificate is of the CA `next-kubelets`. */
    function verifyingNode(): string {
      const folder = fixture.copy();
      const flag = `--kubelet-certificate-authority=${fileOf(folder)}`;
      mkdirSync(join(folder, 'manifests'));
      writeFileSync(
        join(folder, 'manifests/kube-apiserver.yaml'),
        `spec:\n  containers:\n  - command: [kube-apiserver, ${flag}]\n`,
      );
      writeFileSync(fileOf(folder), next);
      mkdirSync(join(folder, 'kubelet-pki'));
      const { pem: pair } = readKubeletConf(folder);
      const key = pair.slice(pair.indexOf('-----BEGIN', pair.indexOf('-----END')));
      const serving = join(folder, 'kubelet-pki/kubelet-server-current.pem');
      writeFileSync(serving, signByNext(pair, key, 'next-kubelets') + key);
      return folder;
    }
    const replace = (folder: string, ...more: string[]) =>
      renew(folder, ...kubeletDir(folder), '--accept-ca-change', ...pin(published), ...more);

    it("is not replaced by one without the CA of the kubelet's serving certificate", async () => {
      const folder = verifyingNode();
      const { exitCode, stderr } = await replace(folder);
      expect([exitCode, readFileSync(fileOf(folder), 'utf8')]).toEqual([7, next]);
      expect(stderr).toMatch(/kube-apiserver would no longer verify the kubelet of this node/);
      expect((await replace(folder, '--dry-run')).stdout).toContain('would no longer verify');
    });

    it('is replaced by one with both CAs, and restored by a rollback', async () => {
      const folder = verifyingNode();
      await putObject(fixture, KEY, published + next);
      expect((await replace(folder)).exitCode).toBe(0);
      expect(readFileSync(fileOf(folder), 'utf8')).toBe(published + next);
      expect((await fixture.run(folder, 'rollback', '--no-restart')).exitCode).toBe(0);
      expect(readFileSync(fileOf(folder), 'utf8')).toBe(next);
    });

    it('is not removed by a rollback, because kube-apiserver would not start', async () => {
      const folder = verifyingNode();
      rmSync(fileOf(folder));
      expect((await replace(folder)).exitCode).toBe(0);
      const { exitCode, stderr } = await fixture.run(folder, 'rollback', '--no-restart');
      expect([exitCode, readFileSync(fileOf(folder), 'utf8')]).toEqual([7, published]);
      expect(stderr).toMatch(
        /kubelet-ca\.crt: would be removed, but kube-apiserver does not start/,
      );
    });

    it('restarts kube-apiserver when it changes', async () => {
      const folder = verifyingNode();
      await putObject(fixture, KEY, published + next);
      const who = ['renew', 'etcd-healthcheck-client', '--dry-run', '-o', 'json'];
      const more = ['--accept-ca-change', ...pin(published), ...kubeletDir(folder)];
      const { stdout } = await fixture.run(folder, ...who, ...more);
      expect(JSON.parse(stdout).restarts).toEqual([
        expect.objectContaining({ component: 'kube-apiserver' }),
      ]);
    });
  });
});

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
    expect(
      (await fixture.run(folder, 'rollback', '--no-restart', ...kubeletDir(folder))).exitCode,
    ).toBe(0);
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
});
