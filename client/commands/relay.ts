import { Fault } from '../../lib/fault.ts';
import { writeDurably } from '../../lib/files/durable-file.ts';
import { formatDocument, orMalformed } from '../../lib/store/documents.ts';
import { systemClock } from '../clock.ts';
import type { Connection } from '../connection.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Exchange } from '../node/exchange/exchange.ts';
import { explain } from '../node/exchange/outcome-documents.ts';
import type { NodePlace } from '../node/exchange/outcomes.ts';
import { readPackFile } from '../node/exchange/pack-file.ts';
import { checkPlace } from '../node/exchange/transport.ts';
import { resolveSettings } from '../node/state/settings.ts';
import { type Relayed, relay } from '../operator/relay.ts';
import type { Terminal } from '../terminal.ts';
import { countOf } from '../wording/count.ts';
import { describeOutcomes } from '../wording/outcomes.ts';

/** Nothing in the file is secret. */
const FILE_MODE = 0o644;

export interface RelayOptions extends NodePlace {
  nodeConfig?: string;
  out: string;
  wait?: number;
}

export async function runRelay(
  connection: Connection,
  terminal: Terminal,
  file: string,
  { out, wait, nodeConfig, ...expected }: RelayOptions,
): Promise<ExitCode> {
  const packed = readPackFile(file);
  // the file alone does not say whose request it is: anyone who carried it could have written it
  const { cluster, node, request } = checkPlace(file, packed, expected);
  terminal.progress(
    `request ${request} of ${cluster}/${node}: ${countOf(packed.csrs.length, 'CSR')}`,
  );
  // only bucket and region: this machine is not the node of the file
  const { config } = resolveSettings({ ...(nodeConfig !== undefined && { nodeConfig }) });
  const exchange = await connection.exchange(config);
  const { outcomes, file: relayed } = await relay(exchange, terminal, packed, wait, systemClock);
  await writeDurably(out, formatDocument(relayed), FILE_MODE);
  // after the file, which the node can use even if an outcome cannot be described here
  const { lines, unreadable } = await describe(exchange, outcomes);
  for (const line of lines) terminal.print(line);
  for (const { message } of unreadable) terminal.progress(`cakeless: ${message}`);
  const code = unreadable.length > 0 ? EXIT.failure : exitCodeOf(outcomes);
  if (code === EXIT.pending)
    terminal.progress('run the same command again to keep waiting; it replaces the file');
  return code;
}

const PACK_AGAIN = 'run cakeless pack again on the node, and relay the new file';

/** If a document cannot be read, its outcome is known, but not the reasons. */
async function describe(exchange: Pick<Exchange, 'get'>, outcomes: Relayed['outcomes']) {
  const explanations = await Promise.all(
    outcomes.map((outcome) => explain(exchange, outcome).catch(orMalformed)),
  );
  const unreadable = explanations.filter((one) => one instanceof Fault);
  const explained = outcomes.flatMap((outcome, i) => {
    const explanation = explanations[i];
    if (explanation instanceof Fault) return [];
    return [{ ...outcome, ...explanation, name: outcome.path }];
  });
  return {
    lines: [
      ...outcomes.map(({ state, path }) => `${state} ${path}`),
      ...describeOutcomes(explained, { notDone: 'not written', tryAgain: PACK_AGAIN }),
    ],
    unreadable,
  };
}

/** Pending comes before rejected: the command must be run again. */
function exitCodeOf(outcomes: Relayed['outcomes']): ExitCode {
  const has = (...states: string[]) => outcomes.some(({ state }) => states.includes(state));
  if (has('pending', 'no-outcome')) return EXIT.pending;
  return has('rejected') ? EXIT.rejected : EXIT.done;
}
