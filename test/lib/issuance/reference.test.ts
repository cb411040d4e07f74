/** Real CSRs in, right certificates out: equal to what the same kubeadm issued for the same configuration. */
import { readFileSync } from 'node:fs';
import { approve } from '../../support/approve.ts';
import { type CertificateFacts, readCertificateFacts } from '../../support/certificate-facts.ts';
import {
  bestCsrRoot,
  type KubeadmCsr,
  type KubeadmSet,
  listKubeadmSets,
} from '../../support/kubeadm-sets.ts';
import { Workshop } from '../../support/workshop.ts';

const sets = listKubeadmSets(bestCsrRoot()).filter((set) => set.configYaml !== undefined);

describe.each(sets.map((set) => [`${set.version} ${set.layout} ${set.config}`, set] as const))(
  'CSRs of kubeadm %s',
  (_, set) => {
    it.each(set.csrs.map((csr) => [csr.certificateName, csr] as const))(
      '%s is issued as kubeadm issues it',
      async (name, csr) => {
        const workshop = await Workshop.open();
        const { node } = workshop.declare(set);
        const key = workshop.upload(node, csr);
        const first = await workshop.process(key);
        if (first.outcome === 'pending') {
          expect(mustWait(csr.subject, name)).toBe(true);
          await approve(workshop, key);
        }
        const { certificate } = workshop.outcome(key);
        const reference = readFileSync(csr.reference ?? '', 'utf8');
        expect(readCertificateFacts(certificate ?? '')).toEqual(
          asSpecified(readCertificateFacts(reference), set, csr),
        );
      },
    );
  },
);

/**
 * Where the certificate differs, the CSR did or the specification does (docs/certificate-specification.md):
 * keyEncipherment is for RSA keys only; `renew --csr-only` made EC keys for kubeconfigs where the reference has RSA;
 * `init phase certs --csr-only` could not be told of etcd's extra names, and what is not asked for is not issued.
 */
function asSpecified(facts: CertificateFacts, set: KubeadmSet, csr: KubeadmCsr): CertificateFacts {
  const keyAlgorithm = csr.keyAlgorithm.startsWith('RSA') ? 'RSA' : 'EC';
  const asked = [
    ...csr.sans.dns.map((name) => `DNS:${name}`),
    ...csr.sans.ip.map((ip) => `IP:${ip}`),
  ];
  return {
    ...facts,
    keyAlgorithm,
    keyUsages: facts.keyUsages.filter(
      (usage) => keyAlgorithm === 'RSA' || usage !== 'keyEncipherment',
    ),
    names:
      set.layout === 'init-phase-csr-only'
        ? facts.names.filter((name) => asked.includes(name))
        : facts.names,
  };
}

/** system:masters from `ca`; the etcd clients of old versions have the group too, where it means nothing. */
function mustWait(subject: readonly [string, string][], name: string): boolean {
  const ofEtcd = name.includes('etcd');
  return !ofEtcd && subject.some(([type, value]) => type === 'O' && value === 'system:masters');
}

it('finds every set of real CSRs', () => {
  expect(sets.length).toBeGreaterThanOrEqual(11);
});
