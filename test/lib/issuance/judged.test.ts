/** Judges that share no code with the project: each certificate of every set of CSRs, under each kind of CA key. */
import { readFileSync } from 'node:fs';
import { isCertificateName } from '../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../lib/profiles/profile-for.ts';
import { CA_KEY_SPECS } from '../../../lib/signing/signing-algorithm.ts';
import { approve } from '../../support/approve.ts';
import { InMemoryService } from '../../support/in-memory-service.ts';
import {
  type ChainItem,
  itWithJudges,
  judgeChain,
  lintCertificates,
} from '../../support/judges.ts';
import { type KubeadmSet, listKubeadmSets } from '../../support/kubeadm-sets.ts';

const sets = listKubeadmSets().filter((set) => set.configYaml !== undefined);

describe.each(CA_KEY_SPECS)('with CA keys %s', (keySpec) => {
  itWithJudges(
    'OpenSSL, Go and zlint accept every certificate, for its use and its names',
    async () => {
      const items = await issueAll(keySpec);
      expect(items.length).toBeGreaterThan(100);
      const complaints = judgeChain(items).filter(({ ok }) => !ok);
      expect(complaints).toEqual([]);
    },
  );

  itWithJudges('zlint has no error and no warning for the CA certificates', async () => {
    const memory = await InMemoryService.open(keySpec);
    const cas = (['ca', 'etcd-ca', 'front-proxy-ca'] as const).map((name) => ({
      name,
      certificate: memory.caCertificate(name),
    }));
    const errors = lintCertificates(cas).filter((finding) => finding.errors.length > 0);
    expect(errors).toEqual([]);
  });
});

async function issueAll(keySpec: (typeof CA_KEY_SPECS)[number]): Promise<ChainItem[]> {
  const memory = await InMemoryService.open(keySpec);
  const items: ChainItem[] = [];
  for (const [i, set] of sets.entries()) items.push(...(await issueSet(memory, set, `set-${i}`)));
  return items;
}

async function issueSet(
  memory: InMemoryService,
  set: KubeadmSet,
  id: string,
): Promise<ChainItem[]> {
  const { node } = memory.declare(set);
  const items: ChainItem[] = [];
  for (const csr of set.csrs) {
    const key = memory.upload(node, csr, id);
    if ((await memory.process(key)).outcome === 'pending') await approve(memory, key);
    if (!isCertificateName(csr.certificateName)) throw new Error(csr.certificateName);
    const profile = profileOf(csr.certificateName);
    const certificate = memory.outcome(key).certificate ?? '';
    for (const usage of profile.extendedKeyUsages)
      items.push({
        name: `${set.version} ${set.layout} ${set.config} ${csr.certificateName} ${usage}`,
        certificate,
        roots: memory.caCertificate(profile.ca),
        usage,
        at: new Date('2026-12-24T12:00:00Z'),
        // a wildcard cannot be verified as a host name
        dnsNames: csr.sans.dns.filter((name) => !name.startsWith('*')),
        ips: csr.sans.ip,
      });
  }
  return items;
}

it('uses real CSRs', () => {
  expect(readFileSync(sets[0]?.csrs[0]?.file ?? '', 'utf8')).toMatch(/CERTIFICATE REQUEST/);
});
