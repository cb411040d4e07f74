import type { NodeReport } from '../../lib/contract/node-report.ts';

/** The report of a node that has no certificates and no keys. */
export const nodeReport = (cluster: string, node: string, more: object = {}): NodeReport => ({
  cluster,
  node,
  at: '2027-03-01T12:00:00Z',
  by: 'renew',
  versions: { cakeless: '0.0.0', components: [] },
  certificates: [],
  served: [],
  caFiles: [],
  kubeconfigs: [],
  caKeys: [],
  ...more,
});
