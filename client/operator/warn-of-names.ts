/** Says what a change of names means for the nodes, whose timers request the names of their current certificates. */
import { changedFields } from './record-changes.ts';

/** Fields of the record that names of server certificates come from, and the certificates. */
const NAMES_FROM: Readonly<Record<string, string>> = {
  apiServer: 'apiserver',
  controlPlaneEndpoint: 'apiserver',
  networking: 'apiserver',
  etcd: 'etcd-server etcd-peer',
};

/** @returns undefined if certificates that are renewed keep their names */
export function describeNewNames(before: unknown, after: unknown): string | undefined {
  const fields = changedFields(before, after).filter((field) => field in NAMES_FROM);
  if (fields.length === 0) return undefined;
  const names = [...new Set(fields.map((field) => NAMES_FROM[field]))].join(' ');
  return `warning: names of certificates change with ${fields.join(', ')}: renewals may be rejected until each control plane has requested the new names once, with cakeless renew ${names} --config FILE`;
}
