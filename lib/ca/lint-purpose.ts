/** Whether a CA certificate permits what the leaf certificates of its CA are for. */
import { type CertificateElements, extensionOf } from '../certificate/read-certificate.ts';
import { OID } from '../der/oids.ts';
import { readDer, readOid } from '../der/read.ts';
import { parseIpAddress } from '../ip-address.ts';
import type { CaName } from '../profiles/certificate-names.ts';
import {
  type ExtendedKeyUsage,
  KUBELET_PROFILES,
  PROFILES,
  USER_PROFILE,
} from '../profiles/profiles.ts';
import { accepts, acceptsIf, type Finding, refuses, refusesIf } from './lint-finding.ts';
import { admitsAddress, admitsDnsName, readNameConstraints } from './name-constraints.ts';

export function lintExtendedKeyUsage(ca: CaName, elements: CertificateElements): Finding[] {
  const usages = extendedKeyUsagesOf(elements);
  if (!usages) return [];
  if (usages.includes(OID.anyExtendedKeyUsage))
    return [accepts('has an extKeyUsage with anyExtendedKeyUsage')];
  const missing = missingUsages(ca, usages);
  return missing.length === 0 ? [accepts('has an extKeyUsage')] : [lacking(missing)];
}

/** Go nests usages through every CA certificate, and takes `any` for all of them; OpenSSL wants each by its name. */
export function lintExplicitUsages(ca: CaName, elements: CertificateElements): Finding[] {
  const usages = extendedKeyUsagesOf(elements);
  const missing = usages ? missingUsages(ca, usages) : [];
  return missing.length > 0 ? [lacking(missing)] : [];
}

function extendedKeyUsagesOf(elements: CertificateElements): string[] | undefined {
  const extension = extensionOf(elements, OID.extKeyUsage);
  return extension && readDer(extension.value, 'extKeyUsage').children().map(readOid);
}

const missingUsages = (ca: CaName, usages: readonly string[]): ExtendedKeyUsage[] =>
  usagesOf(ca).filter((usage) => !usages.includes(OID[usage]));

const lacking = (missing: readonly ExtendedKeyUsage[]): Finding =>
  refuses(`has an extKeyUsage without ${missing.join(', ')}, which its leaf certificates need`);

/** What the certificates of a CA are for. */
export function usagesOf(ca: CaName): ExtendedKeyUsage[] {
  const kubeadm = PROFILES.filter((profile) => profile.ca === ca);
  const others = [USER_PROFILE, ...KUBELET_PROFILES].filter(({ cas }) => cas.includes(ca));
  return [...new Set([...kubeadm, ...others].flatMap((profile) => profile.extendedKeyUsages))];
}

/**
 * Names that the certificates of a CA have in every cluster. OpenSSL also compares common names that look like DNS names,
 * in certificates without DNS names.
 */
const NAMES: Record<CaName, { readonly dns: readonly string[]; readonly ip: readonly string[] }> = {
  ca: {
    dns: [
      'kubernetes',
      'kubernetes.default',
      'kubernetes.default.svc',
      'kube-apiserver-kubelet-client',
      'kubernetes-admin',
    ],
    ip: [],
  },
  'etcd-ca': {
    dns: ['localhost', 'kube-apiserver-etcd-client', 'kube-etcd-healthcheck-client'],
    ip: ['127.0.0.1', '::1'],
  },
  'front-proxy-ca': { dns: ['front-proxy-client'], ip: [] },
  'kubelet-ca': { dns: [], ip: [] },
};

export function lintNameConstraints(ca: CaName, elements: CertificateElements): Finding[] {
  const extension = extensionOf(elements, OID.nameConstraints);
  if (!extension) return [];
  const constraints = readNameConstraints(extension.value);
  const { dns, ip } = NAMES[ca];
  const excluded = [
    ...dns.filter((name) => !admitsDnsName(constraints, name)),
    ...ip.filter((text) => !admitsAddress(constraints, parseIpAddress(text) ?? new Uint8Array())),
  ];
  const { otherTypes } = constraints;
  return [
    ...refusesIf(
      excluded.length > 0,
      `has nameConstraints that exclude ${excluded.join(', ')}, which its leaf certificates need`,
    ),
    ...refusesIf(
      otherTypes.length > 0,
      `has nameConstraints for ${[...new Set(otherTypes)].join(', ')}, which Kubernetes cannot check (crypto/x509)`,
    ),
    ...acceptsIf(
      excluded.length === 0 && otherTypes.length === 0,
      'has nameConstraints: no client or server accepts a certificate whose names they exclude',
    ),
  ];
}
