/** Where Cakeless does not agree with kubeadm, and why. A row that no configuration needs is an error. */

export type Disagreement =
  /** Only Cakeless refuses it. */
  | 'refused'
  /** Only kubeadm refuses it. */
  | 'accepted'
  | 'other contents'
  /** Only one of them says that something is ignored. */
  | 'other warning';

export interface Deviation {
  /** Matches names of configurations. */
  readonly of: RegExp;
  readonly is: Disagreement;
  readonly because: string;
}

const END = '(?: and |$)';
const values = (field: string, ...texts: string[]) =>
  new RegExp(
    `${field}: (?:${texts.map((text) => text.replace(/[.[\]{}]/g, '\\$&')).join('|')})${END}`,
  );

export const DEVIATIONS: readonly Deviation[] = [
  {
    of: values('nodeRegistration\\.name', '', '""', 'null', '~'),
    is: 'refused',
    because: 'kubeadm uses the name of the machine, which an operator is not on',
  },
  {
    of: values('InitConfiguration\\.nodeRegistration', '', '{}'),
    is: 'refused',
    because: 'kubeadm uses the name of the machine, which an operator is not on',
  },
  {
    of: values('advertiseAddress', '', '""', '"::"', '0.0.0.0'),
    is: 'refused',
    because: 'kubeadm chooses an address of the machine, which an operator is not on',
  },
  {
    of: values('InitConfiguration\\.localAPIEndpoint', '', '{}'),
    is: 'refused',
    because: 'kubeadm chooses an address of the machine, which an operator is not on',
  },
  {
    of: /^only a ClusterConfiguration$/,
    is: 'refused',
    because: 'kubeadm uses the name and an address of the machine',
  },
  {
    of: /^only an InitConfiguration$|ClusterConfiguration\.kind: (?:Foo|clusterconfiguration)/,
    is: 'refused',
    because:
      'kubeadm downloads the number of the newest release; profiles need that of the cluster',
  },
  {
    of: /nodeRegistration\.name: (?:n{60}|a{70})/,
    is: 'refused',
    because: 'a common name has at most 64 characters (RFC 5280), a label 63 (RFC 1035)',
  },
  {
    of: /(?:controlPlaneEndpoint|dnsDomain|certSANs): \[?a{70}/,
    is: 'refused',
    because: 'a label of a DNS name has at most 63 octets (RFC 1035)',
  },
  {
    of: values('certificateValidityPeriod', '"0"', '0s', '-1h', '1ms'),
    is: 'refused',
    because: 'the certificates would not be valid for a second',
  },
  {
    of: /^a key twice in JSON$/,
    is: 'refused',
    because: 'kubeadm merges maps there, and takes the last of other values',
  },
  {
    of: /extraArgs: \[null\]/,
    is: 'accepted',
    because: 'no certificate depends on the arguments of a component',
  },
  {
    of: /featureGates: \{ Foo/,
    is: 'accepted',
    because: 'no certificate depends on it, and only a release of kubeadm knows its gates',
  },
  {
    of: /apiServer: \{ certS(?:ANS|ans):|in another case$/,
    is: 'other warning',
    because: 'the strict decoder of 1.22 ignored case: kubeadm dropped the value without a warning',
  },
];
