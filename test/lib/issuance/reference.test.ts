/**
 * For real CSRs, certificates are equal to what the same kubeadm issued for the same configuration. This is every third
 * one; reference.slow.test.ts has the others.
 */
import { approve } from '../../support/approve.ts';
import { readCertificateFacts } from '../../support/certificate-facts.ts';
import { CLUSTER, InMemoryService, TRUST_DOMAIN } from '../../support/in-memory-service.ts';
import { bestCsrRoot, listKubeadmSets } from '../../support/kubeadm-sets.ts';
import { isQuick, itIssuesAsKubeadm, sets } from './reference.ts';

itIssuesAsKubeadm(isQuick);

it('finds every set of real CSRs', () => {
  expect(sets.length).toBeGreaterThanOrEqual(11);
});

// `generate-csr` without --config uses kubeadm's defaults, which are right for a cluster of defaults.
const withoutConfig = listKubeadmSets(bestCsrRoot()).filter((set) => set.configYaml === undefined);

for (const set of withoutConfig)
  it(`CSRs of kubeadm ${set.version} without a configuration are issued in a cluster with default settings`, async () => {
    const memory = await InMemoryService.open();
    const { dns, ip } =
      set.csrs.find((csr) => csr.certificateName === 'etcd-server')?.sans ?? fail();
    const node = dns.find((name) => name !== 'localhost') ?? fail();
    const record = {
      cluster: CLUSTER,
      trustDomain: TRUST_DOMAIN,
      kubernetesVersion: `v${set.version}`,
      nodes: [{ name: node, addresses: ip.slice(0, 1), role: 'control-plane' }],
    };
    memory.authority.seed(`clusters/${CLUSTER}.json`, JSON.stringify(record));
    for (const csr of set.csrs) {
      const key = memory.upload(node, csr);
      if ((await memory.process(key)).outcome === 'pending') await approve(memory, key);
      const facts = readCertificateFacts(memory.outcome(key).certificate ?? '');
      expect(facts.names).toEqual([
        ...csr.sans.dns.map((n) => `DNS:${n}`),
        ...csr.sans.ip.map((i) => `IP:${i}`),
      ]);
    }
  });

function fail(): never {
  throw new Error('the set has no CSR of etcd-server');
}
