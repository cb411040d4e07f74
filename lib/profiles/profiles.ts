/**
 * What each certificate name means, as data. A new certificate is an entry here and a golden file in
 * `test/fixtures/golden`. Everything in a certificate comes from this table, the cluster record and the checked values of
 * the CSR; see docs/certificate-specification.md.
 *
 * Sources: kubernetes/kubernetes cmd/kubeadm/app/phases/certs/certlist.go, cmd/kubeadm/app/phases/kubeconfig/kubeconfig.go
 * and cmd/kubeadm/app/util/pkiutil/pki_helpers.go; compared with the output of releases 1.21 to 1.37.
 */
import {
  type CaName,
  type CertificateName,
  CSRSIGNING_CONF,
  type IssuedName,
  type ProbeName,
  USER_NAME,
} from './certificate-names.ts';

/** RFC 5280 section 4.2.1.12. */
export type ExtendedKeyUsage = 'serverAuth' | 'clientAuth';

/** Which subject alternative names a certificate has; `lib/cluster/expected-names.ts` computes them for a node. */
export type SanRule = 'apiserver' | 'etcd-server' | 'etcd-peer' | 'none';

/** The organizations (O) of a certificate, starting with one kubeadm release. */
export interface OrganizationRule {
  /** First release with this rule, such as `1.29.0`. */
  readonly since: string;
  /** The accepted sets, the release's own first; an empty set means no O. */
  readonly accepted: readonly (readonly string[])[];
}

export type NodeRole = 'control-plane' | 'worker';

export interface Profile {
  readonly name: CertificateName;
  readonly ca: CaName;
  /** kubeadm's BaseName: the path below the pki folder without extension; not for kubeconfigs. */
  readonly baseName?: string;
  readonly extendedKeyUsages: readonly ExtendedKeyUsage[];
  /** `{node}` is replaced by the name of the node that uploads. */
  readonly commonName: string;
  /** Newest rule last. */
  readonly organizations: readonly OrganizationRule[];
  readonly sans: SanRule;
  /** First kubeadm release that has this certificate. */
  readonly since: string;
  readonly roles: readonly NodeRole[];
  /** A section of the cluster record without which no node gets this certificate. */
  readonly needs?: 'csrSigning';
}

/** What the profiles of all issued certificates have in common, including those of users and kubelets. */
export interface IssuedProfile extends Pick<Profile, 'extendedKeyUsages'> {
  readonly name: IssuedName;
  /** The CAs that may sign it: the first that the trust domain has, under the conditions of lib/policy/choose-ca.ts. */
  readonly cas: readonly [CaName, ...CaName[]];
}

/** `kubeadm kubeconfig user` (cmd/kubeadm/app/phases/kubeconfig: buildKubeConfigFromSpec); lib/policy/judge-user.ts has the rest. */
export const USER_PROFILE: IssuedProfile = {
  name: USER_NAME,
  cas: ['ca'],
  extendedKeyUsages: ['clientAuth'],
};

/** Certificates that kubelets request through the certificates API; lib/policy/judge-kubelet.ts has the rest. */
export const KUBELET_PROFILES: readonly IssuedProfile[] = [
  { name: 'kubelet-client', cas: ['ca'], extendedKeyUsages: ['clientAuth'] },
  // Clients of API servers trust `ca`: a kubelet's certificate of another CA is never taken for an API server's.
  { name: 'kubelet-serving', cas: ['kubelet-ca', 'ca'], extendedKeyUsages: ['serverAuth'] },
];

/** A probe of the new CA of a rotation; lib/policy/judge-probe.ts has the rest. */
export interface ProbeProfile extends IssuedProfile {
  readonly name: ProbeName;
  readonly roles: readonly NodeRole[];
}

/**
 * The user has no rights but those of everyone who is authenticated. A person cannot get the name: those of users contain
 * no colon.
 */
export const PROBE_COMMON_NAME = 'cakeless:probe';

/** A probe is used once, right after it was issued. */
export const PROBE_VALIDITY_SECONDS = 60 * 60;

const ALWAYS = '1.19.0';
const none: readonly OrganizationRule[] = [{ since: ALWAYS, accepted: [[]] }];
/** kubeadm dropped O=system:masters from the etcd clients in 1.29 (kubernetes#120521, kubeadm#2926). */
const mastersUntil129: readonly OrganizationRule[] = [
  { since: ALWAYS, accepted: [['system:masters']] },
  { since: '1.29.0', accepted: [[]] },
];
const onControlPlane: readonly NodeRole[] = ['control-plane'];

export const PROFILES: readonly Profile[] = [
  {
    name: 'apiserver',
    ca: 'ca',
    baseName: 'apiserver',
    extendedKeyUsages: ['serverAuth'],
    commonName: 'kube-apiserver',
    organizations: none,
    sans: 'apiserver',
    since: ALWAYS,
    roles: onControlPlane,
  },
  {
    name: 'apiserver-kubelet-client',
    ca: 'ca',
    baseName: 'apiserver-kubelet-client',
    extendedKeyUsages: ['clientAuth'],
    commonName: 'kube-apiserver-kubelet-client',
    // kubernetes#121837 (1.29), then kubernetes#138957, which was backported: 1.33.12, 1.34.8, 1.35.5, 1.36.1
    // and 1.37 request no O. A cluster has both in the middle of an upgrade, so both are accepted since 1.29.
    organizations: [
      { since: ALWAYS, accepted: [['system:masters']] },
      { since: '1.29.0', accepted: [['kubeadm:cluster-admins'], []] },
      { since: '1.33.12', accepted: [[], ['kubeadm:cluster-admins']] },
      { since: '1.34.0', accepted: [['kubeadm:cluster-admins'], []] },
      { since: '1.34.8', accepted: [[], ['kubeadm:cluster-admins']] },
      { since: '1.35.0', accepted: [['kubeadm:cluster-admins'], []] },
      { since: '1.35.5', accepted: [[], ['kubeadm:cluster-admins']] },
      { since: '1.36.0', accepted: [['kubeadm:cluster-admins'], []] },
      { since: '1.36.1', accepted: [[], ['kubeadm:cluster-admins']] },
    ],
    sans: 'none',
    since: ALWAYS,
    roles: onControlPlane,
  },
  {
    name: 'apiserver-etcd-client',
    ca: 'etcd-ca', // although it is in pki/, not in pki/etcd/
    baseName: 'apiserver-etcd-client',
    extendedKeyUsages: ['clientAuth'],
    commonName: 'kube-apiserver-etcd-client',
    organizations: mastersUntil129,
    sans: 'none',
    since: ALWAYS,
    roles: onControlPlane,
  },
  {
    name: 'front-proxy-client',
    ca: 'front-proxy-ca',
    baseName: 'front-proxy-client',
    extendedKeyUsages: ['clientAuth'],
    commonName: 'front-proxy-client', // the API server's --requestheader-allowed-names
    organizations: none,
    sans: 'none',
    since: ALWAYS,
    roles: onControlPlane,
  },
  {
    name: 'etcd-server',
    ca: 'etcd-ca',
    baseName: 'etcd/server',
    // etcd's gRPC gateway dials its own server with this certificate (etcd#9785).
    extendedKeyUsages: ['serverAuth', 'clientAuth'],
    commonName: '{node}',
    organizations: none,
    sans: 'etcd-server',
    since: ALWAYS,
    roles: onControlPlane,
  },
  {
    name: 'etcd-peer',
    ca: 'etcd-ca',
    baseName: 'etcd/peer',
    extendedKeyUsages: ['serverAuth', 'clientAuth'], // a member is both client and server of peer connections
    commonName: '{node}',
    organizations: none,
    sans: 'etcd-peer',
    since: ALWAYS,
    roles: onControlPlane,
  },
  {
    name: 'etcd-healthcheck-client',
    ca: 'etcd-ca',
    baseName: 'etcd/healthcheck-client',
    extendedKeyUsages: ['clientAuth'],
    commonName: 'kube-etcd-healthcheck-client',
    organizations: mastersUntil129,
    sans: 'none',
    since: ALWAYS,
    roles: onControlPlane,
  },
  {
    name: 'admin.conf',
    ca: 'ca',
    extendedKeyUsages: ['clientAuth'],
    commonName: 'kubernetes-admin',
    organizations: [
      { since: ALWAYS, accepted: [['system:masters']] },
      { since: '1.29.0', accepted: [['kubeadm:cluster-admins']] }, // kubernetes#121305
    ],
    sans: 'none',
    since: ALWAYS,
    roles: onControlPlane,
  },
  {
    name: 'super-admin.conf',
    ca: 'ca',
    extendedKeyUsages: ['clientAuth'],
    commonName: 'kubernetes-super-admin',
    organizations: [{ since: '1.29.0', accepted: [['system:masters']] }],
    sans: 'none',
    since: '1.29.0',
    roles: onControlPlane,
  },
  {
    name: 'controller-manager.conf',
    ca: 'ca',
    extendedKeyUsages: ['clientAuth'],
    commonName: 'system:kube-controller-manager',
    organizations: none,
    sans: 'none',
    since: ALWAYS,
    roles: onControlPlane,
  },
  {
    name: 'scheduler.conf',
    ca: 'ca',
    extendedKeyUsages: ['clientAuth'],
    commonName: 'system:kube-scheduler',
    organizations: none,
    sans: 'none',
    since: ALWAYS,
    roles: onControlPlane,
  },
  {
    name: 'kubelet.conf',
    ca: 'ca',
    extendedKeyUsages: ['clientAuth'],
    commonName: 'system:node:{node}', // the Node authorizer's form
    organizations: [{ since: ALWAYS, accepted: [['system:nodes']] }],
    sans: 'none',
    since: ALWAYS,
    roles: ['control-plane', 'worker'],
  },
  {
    name: CSRSIGNING_CONF,
    ca: 'ca',
    extendedKeyUsages: ['clientAuth'],
    // Without O, it has only what `cakeless csrsigning --rbac` grants to this user. A person cannot get the name: those
    // of users contain no colon.
    commonName: 'cakeless:csrsigning',
    organizations: none,
    sans: 'none',
    since: ALWAYS,
    roles: onControlPlane,
    needs: 'csrSigning',
  },
];

export const PROBE_PROFILES: readonly ProbeProfile[] = [
  {
    name: 'probe-ca',
    cas: ['ca'],
    extendedKeyUsages: ['clientAuth'],
    roles: ['control-plane', 'worker'],
  },
  {
    name: 'probe-etcd-ca',
    cas: ['etcd-ca'],
    extendedKeyUsages: ['clientAuth'],
    // etcd gives each client all rights; a control plane has such a client anyway, apiserver-etcd-client
    roles: onControlPlane,
  },
];

/** Everything that is ever issued. */
export const ISSUED_PROFILES: readonly IssuedProfile[] = [
  ...PROFILES.map(({ name, ca, extendedKeyUsages }): IssuedProfile => {
    return { name, cas: [ca], extendedKeyUsages };
  }),
  USER_PROFILE,
  ...KUBELET_PROFILES,
  ...PROBE_PROFILES,
];
