/** What holds for the first control plane of every version of kubeadm, with the whole service. */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { EXIT } from '../../../../client/exit-codes.ts';
import { isCertificateName } from '../../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../../lib/profiles/profile-for.ts';
import { readCertificateFacts } from '../../../support/certificate-facts.ts';
import { type Fleet, present, snapshot } from '../../../support/fleet.ts';
import { type ChainItem, judgeChain } from '../../../support/judges.ts';
import { kubeadmSet } from '../../../support/kubeadm-sets.ts';
import type { NewNode } from '../../../support/new-node.ts';

/** The tests of one version, with one of the configurations that its CSRs are made from. */
export function itPreparesFirstControlPlane(fleet: Fleet, version: string, config: string): void {
  const set = kubeadmSet(version, 'generate-csr', config);
  let node: NewNode;
  let first: Awaited<ReturnType<NewNode['prepare']>>;
  let second: typeof first;

  beforeAll(async () => {
    node = await fleet.newNode(set);
    first = await node.prepare();
    await node.approveAll(first.result);
    second = await node.prepare();
  });

  it('certificates with system:masters need approval, all others are written', () => {
    const masters = set.csrs
      .filter(
        ({ subject, path }) =>
          subject.some(([, value]) => value === 'system:masters') && !/etcd/.test(path),
      )
      .map(({ certificateName }) => certificateName);
    expect(first.exitCode).toBe(EXIT.pending);
    const pending = first.result.certificates.filter(({ state }) => state === 'pending');
    expect(pending.map(({ name }) => name).sort()).toEqual(masters.sort());
    expect(first.result.next).toBeUndefined();
    expect(first.result.preflightProblems.length).toBeGreaterThanOrEqual(masters.length);
  });

  it('after the approval the set is complete, kubeadm init is next, and a third run changes nothing', async () => {
    expect(second.result.preflightProblems).toEqual([]);
    expect(second.exitCode).toBe(EXIT.done);
    expect(second.result.next).toBe(`kubeadm init --config ${node.at('config.yaml')}`);
    const before = snapshot(node.folder);
    const requests = await fleet.service.keys('exchange', `requests/${node.cluster}/`);
    expect(requests).toHaveLength(set.csrs.length);

    const third = await node.prepare();
    expect(third.exitCode).toBe(EXIT.done);
    expect(third.result.next).toBe(second.result.next);
    const there = third.result.certificates;
    expect(new Set(there.map(({ state }) => state))).toEqual(new Set(['existing']));
    const written = second.result.certificates.find(({ state }) => state === 'written');
    expect(there.find(({ name }) => name === written?.name)?.notAfter).toBe(written?.notAfter);
    expect(snapshot(node.folder)).toEqual(before);
    expect(await fleet.service.keys('exchange', `requests/${node.cluster}/`)).toEqual(requests);
  });

  it('OpenSSL verifies every certificate for its usages and names, with the CA on disk', () => {
    const items = set.csrs.flatMap(({ certificateName: name, sans }): ChainItem[] => {
      const { chain } = present(node, name);
      if (!isCertificateName(name)) throw new Error(name);
      const { extendedKeyUsages, ca } = profileOf(name);
      const roots = readFileSync(
        node.at('pki', ca === 'etcd-ca' ? 'etcd/ca.crt' : `${ca}.crt`),
        'utf8',
      );
      return extendedKeyUsages.map((usage) => ({
        name: `${name} ${usage}`,
        certificate: chain.join('\n'),
        roots,
        usage,
        dnsNames: usage === 'serverAuth' ? sans.dns.filter((d) => !d.startsWith('*')) : [],
        ips: usage === 'serverAuth' ? sans.ip : [],
      }));
    });
    expect(judgeChain(items, ['openssl']).filter(({ ok }) => !ok)).toEqual([]);
  });

  it('subject, usages and names equal those that kubeadm issues with a local CA', () => {
    for (const { certificateName: name, reference = '' } of set.csrs) {
      const { chain } = present(node, name);
      const [own, real] = [chain[0] ?? '', readFileSync(reference, 'utf8')].map((pem) => {
        const { subject, names, extendedKeyUsages } = readCertificateFacts(pem);
        return { subject, names: [...names].sort(), extendedKeyUsages };
      });
      expect([name, own]).toEqual([name, real]);
    }
  });

  it('keys match their certificates, and only their owner may read them', () => {
    for (const { certificateName } of set.csrs) {
      const { problems, keyFile = '' } = present(node, certificateName);
      expect(problems).toEqual([]);
      expect((statSync(keyFile).mode & 0o777).toString(8)).toBe('600');
    }
    const [key, pub] = ['sa.key', 'sa.pub'].map((name) => node.at('pki', name));
    expect((statSync(key ?? '').mode & 0o777).toString(8)).toBe('600');
    expect(
      createPublicKey(createPrivateKey(readFileSync(key ?? ''))).equals(
        createPublicKey(readFileSync(pub ?? '')),
      ),
    ).toBe(true);
  });

  it('no CA key and no temporary file is left', () => {
    const files = Object.keys(snapshot(node.folder));
    expect(files.filter((file) => /ca\.key$|\.tmp$/.test(file))).toEqual([]);
  });
}
