/** The report of a node after `cakeless check-expiration`, apart from it: most runs have nothing to report to. */
import { ENVIRONMENT } from '../../lib/environment-names.ts';
import { recallEvidence } from '../node/evidence/recall-evidence.ts';
import { connectNode } from '../node/exchange/node-connection.ts';
import { writeReport } from '../node/report/write.ts';
import { type NodeOptions, resolveSettings } from '../node/state/settings.ts';
import type { Terminal } from '../terminal.ts';
import { recallSelf } from './recall-self.ts';

/**
 * If the node knows its bucket. Files that were named on the command line are a copy of some node's, unless its
 * configuration, or cluster and node, were named, too.
 */
export async function reportNode(
  terminal: Terminal,
  options: NodeOptions,
  now: () => Date,
): Promise<void> {
  const settings = resolveSettings(options);
  const { folders, stateDir, config } = settings;
  const { cluster, node } = recallSelf(settings);
  const isCopy = options.kubeconfigDir !== undefined || options.certDir !== undefined;
  const isNamed =
    options.nodeConfig !== undefined ||
    (options.cluster !== undefined && options.node !== undefined);
  if ((isCopy && !isNamed) || cluster === undefined || node === undefined) return;
  if (!(process.env[ENVIRONMENT.exchangeBucket] ?? config.exchangeBucket)) return;
  const { exchange } = connectNode(process.env, config);
  const place = { cluster, node, folders, stateDir };
  const gather = async () => recallEvidence(place, now())?.evidence;
  await writeReport({ terminal, now, exchange }, place, 'check-expiration', gather);
}
