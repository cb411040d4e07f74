/** How every command prints the violations of a rejection. */
import type { Violation } from '../../lib/refusal/violation.ts';

/** A violation as a client reads it: a newer service may know more codes. */
export type ReadViolation = Readonly<Record<keyof Violation, string>>;

/** One line for each violation. */
export function describeRefusal(
  name: string,
  violations: readonly ReadViolation[] = [],
): readonly string[] {
  return violations.map(
    ({ code, field, got, allowed, fix }) =>
      `${name}: ${code}: ${field} is ${got}; allowed: ${allowed}. To fix: ${fix}`,
  );
}

/** Whether the requested names differ from those of the cluster record. */
export const isAboutNames = ({ code }: ReadViolation): boolean =>
  code === 'san-missing' || code === 'san-not-allowed';

/**
 * `renew` requests the names of the current certificates. After a change of certSANs or the endpoint, these are not the
 * names of the cluster record, and no command without the kubeadm configuration gets further.
 */
export function describeOtherNames(names: readonly string[]): readonly string[] {
  if (names.length === 0) return [];
  const list = names.join(' ');
  return [
    `${names.join(', ')}: the requested names are those of the current certificates. If the kubeadm configuration has changed, request its names: cakeless renew ${list} --config FILE; or cakeless csr ${list} --config FILE --out DIR, and cakeless renew ${list} --csr-dir DIR`,
    'FILE is the kubeadm configuration of this node; of the running cluster: kubectl -n kube-system get configmap kubeadm-config -o jsonpath={.data.ClusterConfiguration} > FILE, and --advertise-address for the address of this node',
  ];
}
