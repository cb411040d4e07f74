/** The cases of reference.test.ts and reference.slow.test.ts: each is a CSR of kubeadm. */
import { readFileSync } from 'node:fs';
import { approve } from '../../support/approve.ts';
import { type CertificateFacts, readCertificateFacts } from '../../support/certificate-facts.ts';
import { InMemoryService } from '../../support/in-memory-service.ts';
import {
  bestCsrRoot,
  type KubeadmCsr,
  type KubeadmSet,
  listKubeadmSets,
} from '../../support/kubeadm-sets.ts';

/** The sets with a configuration, in the order of their manifest. */
export const sets = listKubeadmSets(bestCsrRoot()).filter((set) => set.configYaml !== undefined);

/** The place of the first case of each set among all cases. */
const offsets = new Map<KubeadmSet, number>();
let cases = 0;
for (const set of sets) {
  offsets.set(set, cases);
  cases += set.csrs.length;
}

/** Every third case runs in the quick suites; the others run in the slow ones. */
export const isQuick = (index: number): boolean => index % 3 === 0;

/** Issues each CSR whose place among all cases is chosen, and compares with the certificate of kubeadm. */
export function itIssuesAsKubeadm(chosen: (index: number) => boolean): void {
  const parts = sets.map((set) => {
    const csrs = set.csrs.filter((_, i) => chosen((offsets.get(set) ?? 0) + i));
    return [`${set.version} ${set.layout} ${set.config}`, set, csrs] as const;
  });
  describe.each(parts.filter(([, , csrs]) => csrs.length > 0))(
    'CSRs of kubeadm %s',
    (_, set, csrs) => {
      let memory: InMemoryService;
      let node: string;
      beforeAll(async () => {
        memory = await InMemoryService.open();
        ({ node } = memory.declare(set));
      });

      it.each(csrs.map((csr) => [csr.certificateName, csr] as const))(
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
}

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
