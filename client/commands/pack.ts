import { writeDurably } from '../../lib/files/durable-file.ts';
import { formatDocument } from '../../lib/store/documents.ts';
import { systemClock } from '../clock.ts';
import { packCsrs } from '../node/exchange/pack-file.ts';
import { newRequestId } from '../node/exchange/request-id.ts';
import { type NodeOptions, resolveSettings, whoIsThis } from '../node/state/settings.ts';
import type { Terminal } from '../terminal.ts';
import { countOf } from '../wording/count.ts';

/** Nothing in the file is secret. */
const FILE_MODE = 0o644;

export interface PackOptions extends NodeOptions {
  out: string;
  request?: string;
}

export async function pack(
  terminal: Terminal,
  folder: string,
  options: PackOptions,
): Promise<void> {
  const { cluster, node } = whoIsThis(resolveSettings(options));
  const { out, request = newRequestId(systemClock.now()) } = options;
  const file = packCsrs(folder, terminal, { cluster, node, request });
  await writeDurably(out, formatDocument(file), FILE_MODE);
  terminal.print(
    `packed ${countOf(file.csrs.length, 'CSR')} of ${cluster}/${node} as request ${request}: ${out}`,
  );
}
