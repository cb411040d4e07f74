/** For real CSRs, certificates are equal to what the same kubeadm issued for the same configuration. */
import { readFileSync } from 'node:fs';
import { approve } from '../../support/approve.ts';
import { type CertificateFacts, readCertificateFacts } from '../../support/certificate-facts.ts';
import { CLUSTER, InMemoryService, TRUST_DOMAIN } from '../../support/in-memory-service.ts';
import {
  bestCsrRoot,
  type KubeadmCsr,
  type KubeadmSet,
  listKubeadmSets,
} from '../../support/kubeadm-sets.ts';

const sets = listKubeadmSets(bestCsrRoot()).filter((set) => set.configYaml !== undefined);

describe.each(sets.map((set) => [`${set.version} ${set.layout} ${set.config}`, set] as const))(
  'CSRs of kubeadm %s',
  (_, set) => {
    let memory: InMemoryService;
    let node: string;
    beforeAll(async () => {
      memory = await InMemoryService.open();
      ({ node } = memory.declare(set));
    });

    it.each(set.csrs.map((csr) => [csr.certificateName, csr] as const))(
      '%s is issued as kubeadm issues it',
      async (name, csr) => {
        const key = memory.upload(node, csr);
        const first = await memory.process(key);
        if (first.outcome === 'pending') {
          expect(mustWait(csr.subject, name)).toBe(true);
          await approve(memory, key);
        }
        const { certificate } = memory.outcome(key);
        const reference = readFileSync(csr.reference ?? '', 'utf8');
        expect(readCertificateFacts(certificate ?? '')).toEqual(
          asSpecified(readCertificateFacts(reference), set, csr),
        );
      },
    );
  },
);

/**
 * Differences that come from the CSR, or from the specification (docs/certificate-specification.md): keyEncipherment is
 * only for RSA keys of servers; `renew --csr-only` made EC keys for kubeconfigs where the reference has RSA; `init
 * phase certs --csr-only` had no way to set etcd's extra names, and names that are not requested are not issued.
 */
function asSpecified(facts: CertificateFacts, set: KubeadmSet, csr: KubeadmCsr): CertificateFacts {
  const keyAlgorithm = csr.keyAlgorithm.startsWith('RSA') ? 'RSA' : 'EC';
  const enciphers = keyAlgorithm === 'RSA' && facts.extendedKeyUsages.includes(SERVER_AUTH);
  const asked = [
    ...csr.sans.dns.map((name) => `DNS:${name}`),
    ...csr.sans.ip.map((ip) => `IP:${ip}`),
  ];
  return {
    ...facts,
    keyAlgorithm,
    keyUsages: facts.keyUsages.filter((usage) => enciphers || usage !== 'keyEncipherment'),
    names:
      set.layout === 'init-phase-csr-only'
        ? facts.names.filter((name) => asked.includes(name))
        : facts.names,
  };
}

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';

/** For system:masters of `ca`; the etcd clients of old versions have the group too, but it has no meaning there. */
function mustWait(subject: readonly [string, string][], name: string): boolean {
  const ofEtcd = name.includes('etcd');
  return !ofEtcd && subject.some(([type, value]) => type === 'O' && value === 'system:masters');
}

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
