/** The report of a node after `cakeless check-expiration`, apart from it: most runs have nothing to report to. */
import { ENVIRONMENT } from '../../lib/environment-names.ts';
import { connectNode } from '../node/exchange/node-connection.ts';
import { writeReport } from '../node/report/write.ts';
import { type NodeOptions, resolveSettings } from '../node/state/settings.ts';
import type { Terminal } from '../terminal.ts';

/**
 * If the node knows its bucket. Files that were named on the command line are a copy of some node's, unless its
 * configuration was named, too.
 */
export async function reportNode(
  terminal: Terminal,
  options: NodeOptions,
  now: () => Date,
): Promise<void> {
  const { cluster, node, folders, stateDir, config } = resolveSettings(options);
  const isCopy = options.kubeconfigDir !== undefined || options.certDir !== undefined;
  if ((isCopy && options.nodeConfig === undefined) || cluster === undefined || node === undefined)
    return;
  if (!(process.env[ENVIRONMENT.exchangeBucket] ?? config.exchangeBucket)) return;
  const { exchange } = connectNode(process.env, config);
  const place = { cluster, node, folders, stateDir };
  await writeReport({ terminal, now, exchange }, place, 'check-expiration');
}
