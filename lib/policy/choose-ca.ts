/** Which CA signs a certificate: the decision and the check before the signature choose in the same way. */
import { type IssuingCa, issuingCa } from '../ca/issuing-ca.ts';
import type { ClusterRecord } from '../cluster/record.ts';
import type { TrustDomainNames } from '../cluster/trust-domain-names.ts';
import type { TrustDomainDocument } from '../contract/trust-domain.ts';
import { nodeOfUser } from '../names.ts';
import { type CaName, type IssuedName, isProbeName } from '../profiles/certificate-names.ts';
import { issuedProfileOf } from '../profiles/profile-for.ts';

export interface ForWhom {
  readonly commonName: string;
  readonly record: ClusterRecord;
  readonly domain: TrustDomainNames | undefined;
}

/**
 * The first CA of the profile that the trust domain has, and that may sign; undefined if there is no such CA. The version
 * is the one that signs now, except for a probe.
 */
export function chooseCa(
  document: TrustDomainDocument,
  certificateName: IssuedName,
  whom: ForWhom,
): IssuingCa | undefined {
  const [first, ...others] = issuedProfileOf(certificateName).cas;
  if (isProbeName(certificateName)) return probedCa(document, first);
  const preferred = issuingCa(document, first);
  if (preferred || !mayUseOthers(whom)) return preferred;
  return others.map((name) => issuingCa(document, name)).find((ca) => ca !== undefined);
}

/** The new version of a CA while servers learn to trust it; undefined at any other time. */
export function probedCa(document: TrustDomainDocument, ca: CaName): IssuingCa | undefined {
  const { rotation } = document;
  const isProbed = rotation?.phase === 'trust' && rotation.ca === ca;
  return isProbed ? issuingCa(document, ca, rotation.to) : undefined;
}

/**
 * Whether `ca` may sign serving certificates of kubelets in a trust domain without `kubelet-ca`. Every client of an API
 * server trusts `ca`, so a wrong name makes an API server. It may for a node that the record names, in a trust domain
 * that no other cluster shares; elsewhere only if the record says so.
 */
function mayUseOthers({ commonName, record, domain }: ForWhom): boolean {
  if (record.csrSigning?.kubeletServing?.signByCA) return true;
  const node = nodeOfUser(commonName);
  const isShared = domain?.clusters.some(({ cluster }) => cluster !== record.cluster) ?? true;
  return !isShared && record.nodes.some(({ name }) => name === node);
}
