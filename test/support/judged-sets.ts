/** Certificates of sets of CSRs, with what judges have to accept about each. */
import { isCertificateName } from '../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../lib/profiles/profile-for.ts';
import type { CaKeySpec } from '../../lib/signing/signing-algorithm.ts';
import { approve } from './approve.ts';
import { InMemoryService } from './in-memory-service.ts';
import type { ChainItem } from './judges.ts';
import type { KubeadmSet } from './kubeadm-sets.ts';

/** @returns every certificate of the sets, once for each of its usages */
export async function issueAll(
  keySpec: CaKeySpec,
  sets: readonly KubeadmSet[],
): Promise<ChainItem[]> {
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
