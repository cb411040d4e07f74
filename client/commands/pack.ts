/** `cakeless pack`: writes the CSRs of a node to a file, for a network that only files can cross. */
import type { Command } from 'commander';
import { writeDurably } from '../../lib/files/durable-file.ts';
import { formatDocument } from '../../lib/store/documents.ts';
import { systemClock } from '../clock.ts';
import { packCsrs } from '../node/exchange/pack-file.ts';
import { newRequestId } from '../node/exchange/request-id.ts';
import { type NodeOptions, resolveSettings, whoIsThis } from '../node/state/settings.ts';
import type { Terminal } from '../terminal.ts';
import { countOf } from '../wording/count.ts';
import { addNodeOptions } from './node-options.ts';
import { newRequestOption } from './place-options.ts';

/** Nothing in the file is secret. */
const FILE_MODE = 0o644;

interface PackOptions extends NodeOptions {
  out: string;
  request?: string;
}

export function addPackCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('pack <dir>')
    .description('write the CSRs below DIR to a file for cakeless relay');
  addNodeOptions(command)
    .requiredOption('--out <file>', 'the file to write; it never contains a key')
    .addOption(newRequestOption())
    .action((folder: string, options: PackOptions) => pack(terminal, folder, options));
}

async function pack(terminal: Terminal, folder: string, options: PackOptions): Promise<void> {
  const { cluster, node } = whoIsThis(resolveSettings(options));
  const { out, request = newRequestId(systemClock.now()) } = options;
  const file = packCsrs(folder, terminal, { cluster, node, request });
  await writeDurably(out, formatDocument(file), FILE_MODE);
  terminal.print(
    `packed ${countOf(file.csrs.length, 'CSR')} of ${cluster}/${node} as request ${request}: ${out}`,
  );
}
