/** What all packages say about themselves, whatever their format. */

/** The contact that package managers show. Replace it before the first publication (docs/releasing.md). */
export const MAINTAINER = 'Cakeless maintainers <maintainers@cakeless.invalid>';

export const SUMMARY = 'certificates of kubeadm clusters without a CA key on disk';

const PURPOSE = `The command of Cakeless, which signs the certificates of kubeadm clusters
with CA keys that never leave AWS KMS. On a node, it requests and installs
certificates, and renews them with a systemd timer. For operators and
approvers, it manages cluster records and approvals.`;

export interface Flavor {
  /** Of the package. Only one of the two can be installed: both contain /usr/bin/cakeless. */
  readonly name: string;
  readonly other: string;
  readonly description: string;
}

export const EXECUTABLE: Flavor = {
  name: 'cakeless',
  other: 'cakeless-nodejs',
  description: `${PURPOSE}\n\nThis package contains Node.js and needs no other.`,
};

export const BUNDLE: Flavor = {
  name: 'cakeless-nodejs',
  other: 'cakeless',
  description: `${PURPOSE}\n\nThis package is small and uses the Node.js that is installed.`,
};
