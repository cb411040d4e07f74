/** Writes the report of this node into the exchange bucket. A report that cannot be written makes no command fail. */
import { nodeReportKey } from '../../../lib/contract/node-report.ts';
import { JSON_TYPE } from '../../../lib/store/documents.ts';
import type { ObjectStore } from '../../../lib/store/object-store.ts';
import type { Terminal } from '../../terminal.ts';
import type { RotationEvidence } from '../evidence/recall-evidence.ts';
import { collectReport, type ReportedNode, textOfReport } from './collect.ts';
import { findServed } from './served.ts';

export interface ReportDeps {
  readonly terminal: Terminal;
  readonly now: () => Date;
  readonly exchange: () => Promise<Pick<ObjectStore, 'create' | 'get' | 'replace'>>;
}

/**
 * Never throws.
 * @param by the command that writes it
 * @param gather what this node can say about a rotation
 */
export async function writeReport(
  { terminal, now, exchange }: ReportDeps,
  node: ReportedNode,
  by: string,
  gather: () => Promise<RotationEvidence | undefined>,
): Promise<void> {
  try {
    const rotation = await gather().catch((error: unknown) => {
      terminal.progress(`note: the report says nothing about a rotation: ${messageOf(error)}`);
      return undefined;
    });
    const served = await findServed(node.folders);
    const report = collectReport(node, by, served, now(), rotation);
    await store(await exchange(), nodeReportKey(node.cluster, node.node), textOfReport(report));
  } catch (error) {
    terminal.progress(`note: the report of this node was not written: ${messageOf(error)}`);
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Compared: nobody else writes this key, so a change in the meantime is another run of this node. */
async function store(
  exchange: Pick<ObjectStore, 'create' | 'get' | 'replace'>,
  key: string,
  text: string,
): Promise<void> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const current = await exchange.get(key, 0); // its content does not matter
    const written = current
      ? await exchange.replace(key, text, JSON_TYPE, current.eTag)
      : await exchange.create(key, text, JSON_TYPE);
    if (written === 'replaced' || written === 'created') return;
  }
  throw new Error('another run of this node wrote it at the same time');
}

const TRIES = 3;
