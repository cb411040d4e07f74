/** Certificates of all of kubeadm's names, from CAs of existing clusters. */
import type { AdoptableCa } from '../../lib/ca/trust-domain-request.ts';
import { ADOPTABLE_CAS } from '../../lib/ca/trust-domain-request.ts';
import { isCertificateName } from '../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../lib/profiles/profile-for.ts';
import { AFTER_ADOPTION, adoptAll, type ExistingCas, readAdoptedSet } from './adopted-cas.ts';
import { approve } from './approve.ts';
import { InMemoryService, TRUST_DOMAIN } from './in-memory-service.ts';
import type { ChainItem } from './judges.ts';
import { type KubeadmSet, kubeadmSet } from './kubeadm-sets.ts';

export const requests: KubeadmSet = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');

export interface Leaf {
  readonly name: string;
  readonly ca: AdoptableCa;
  readonly usages: readonly ('serverAuth' | 'clientAuth')[];
  readonly pem: string;
  readonly dnsNames: string[];
  readonly ips: string[];
}

export async function openAdopted(
  existing: ExistingCas,
  cas: readonly AdoptableCa[] = ADOPTABLE_CAS,
  now = AFTER_ADOPTION,
) {
  const memory = await InMemoryService.openAdopted(now, (service, keys) =>
    adoptAll(service, keys, TRUST_DOMAIN, existing, cas),
  );
  const { node } = memory.declare(requests);
  return { memory, node, document: memory.document };
}

/** A certificate of every name that kubeadm has. */
export async function issueAll(set: string, now = AFTER_ADOPTION): Promise<Leaf[]> {
  const { memory, node } = await openAdopted(readAdoptedSet(set), ADOPTABLE_CAS, now);
  const leaves: Leaf[] = [];
  for (const csr of requests.csrs) {
    const key = memory.upload(node, csr);
    if ((await memory.process(key)).outcome === 'pending') await approve(memory, key);
    const { certificateName: name } = csr;
    if (!isCertificateName(name)) throw new Error(name);
    const { ca, extendedKeyUsages: usages } = profileOf(name);
    const pem = memory.outcome(key).certificate ?? '';
    const dnsNames = csr.sans.dns.filter((dnsName) => !dnsName.startsWith('*'));
    leaves.push({ name, ca: ca as AdoptableCa, usages, pem, dnsNames, ips: csr.sans.ip });
  }
  return leaves;
}

const issued = new Map<string, Promise<Leaf[]>>();
export function leavesOf(set: string): Promise<Leaf[]> {
  const known = issued.get(set) ?? issueAll(set);
  issued.set(set, known);
  return known;
}

/** -x509_strict refuses a CA without subjectKeyIdentifier or keyUsage, whatever it signed. */
const NOT_STRICT = ['kubeadm-1.18-template', 'openssl-text'];

/** Each certificate for each of its usages, under the CA file of the nodes; strict and not, if the CA allows it. */
export async function questionsAbout(set: string): Promise<ChainItem[]> {
  const existing = readAdoptedSet(set);
  const items = (await leavesOf(set)).flatMap(({ name, ca, usages, pem, dnsNames, ips }) =>
    usages.map((usage) => ({
      name: `${set} ${name} ${usage}`,
      certificate: pem,
      roots: existing[ca].certificate,
      usage,
      at: new Date(AFTER_ADOPTION.getTime() + 86_400_000),
      dnsNames,
      ips,
      lenient: true,
    })),
  );
  if (NOT_STRICT.includes(set)) return items;
  return [...items, ...items.map((item) => ({ ...item, lenient: false, dnsNames: [], ips: [] }))];
}
