/** `cakeless pack` and `relay`: requests and answers by file, for networks that nothing else crosses. */
import type { Command } from 'commander';
import { trustDomainOfCertificate } from '../../lib/contract/outcomes.ts';
import { requestKey } from '../../lib/contract/request-key.ts';
import { bundleKey } from '../../lib/contract/trust-domain.ts';
import { writeDurably } from '../../lib/files/durable-file.ts';
import { LIMITS } from '../../lib/limits.ts';
import { isSubdomain } from '../../lib/names.ts';
import { CA_NAMES } from '../../lib/profiles/certificate-names.ts';
import { formatDocument } from '../../lib/store/documents.ts';
import { systemClock } from '../clock.ts';
import type { Connection } from '../connection.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { checkCsr, readCsrs } from '../node/csr/read-csrs.ts';
import { type Answer, type Pack, readPack } from '../node/exchange/carried.ts';
import { type Exchange, upload } from '../node/exchange/exchange.ts';
import type { Outcome, RequestPlace } from '../node/exchange/outcomes.ts';
import { newRequestId } from '../node/exchange/request-id.ts';
import { agreed } from '../node/exchange/transport.ts';
import { waitForOutcomes } from '../node/fetch/fetch.ts';
import { type NodeOptions, resolveSettings, whoIsThis } from '../node/state/settings.ts';
import { MAX_BUNDLE_BYTES } from '../node/trust/read-bundle.ts';
import { durationSeconds, subdomain } from '../options.ts';
import type { Terminal } from '../terminal.ts';
import { addNodeOptions } from './node-options.ts';
import { newRequestOption } from './place-options.ts';

export function addCarryCommands(
  program: Command,
  connection: Connection,
  terminal: Terminal,
  exit: (code: ExitCode) => void,
): void {
  const pack = program
    .command('pack <dir>')
    .description(
      'put the CSRs below DIR into a file that somebody carries to where the service is',
    );
  addNodeOptions(pack)
    .requiredOption('--out <file>', 'the file; it never holds a key')
    .addOption(newRequestOption())
    .action(async (folder: string, options: NodeOptions & { out: string; request?: string }) => {
      const { cluster, node } = whoIsThis(resolveSettings(options));
      const { out, request = newRequestId(new Date()) } = options;
      const { files } = readCsrs(folder, terminal);
      const csrs = files.map(({ path, bytes }) => ({ path, csr: bytes.toString('base64') }));
      const pack: Pack = { cakelessRequest: 1, cluster, node, request, csrs };
      await writeDurably(out, formatDocument(pack), FILE_MODE);
      terminal.print(`request ${request}: ${csrs.length} CSRs of ${cluster}/${node} are in ${out}`);
    });
  program
    .command('relay <file>')
    .description(
      'upload what `cakeless pack` wrote, wait, and put the answers into a file for the node',
    )
    .requiredOption('--out <file>', 'the answers, for `cakeless fetch --from`')
    .option('--cluster <name>', 'refuse a file of another cluster', subdomain)
    .option('--node <name>', 'refuse a file of another node', subdomain)
    .option(
      '--wait <duration>',
      'how long to wait, for approvers too (default: 30s, not for approvers)',
      durationSeconds,
    )
    .action(async (file: string, options: RelayOptions) =>
      exit(await relay(connection, terminal, file, options)),
    );
}

/** Nothing in it is secret. */
const FILE_MODE = 0o644;

interface RelayOptions extends Partial<RequestPlace> {
  out: string;
  wait?: number;
}

async function relay(
  connection: Connection,
  terminal: Terminal,
  file: string,
  { out, wait, ...expected }: RelayOptions,
): Promise<ExitCode> {
  const { csrs, ...place } = readPack(file);
  const { cluster, node, request } = agreed(file, place, expected);
  // What came by file is no better than what came by hand: the same checks as of submit, before anything is sent.
  const files = csrs.map(({ path, csr }) => {
    const bytes = Buffer.from(csr, 'base64');
    checkCsr(`${file}: ${path}`, bytes);
    return { path, bytes };
  });
  // the file says whose it is, and the operator has to know
  terminal.progress(`request ${request} of ${cluster}/${node}: ${files.length} CSRs`);
  const exchange = await connection.exchange();
  for (const { path, bytes } of files)
    await upload(exchange, requestKey({ cluster, node, requestId: request, path }), bytes);
  const outcomes = await waitForOutcomes(
    exchange,
    terminal,
    { cluster, node, request },
    wait,
    systemClock,
  );
  const objects = await collectObjects(exchange, outcomes);
  const answer: Answer = { cakelessAnswer: 1, cluster, node, request, objects };
  await writeDurably(out, formatDocument(answer), FILE_MODE);
  for (const { path, state } of outcomes) terminal.print(`${state} ${path}`);
  const open = outcomes.some(({ state }) => state === 'pending' || state === 'unanswered');
  if (open) {
    terminal.progress('the same command goes on waiting, and writes the file anew');
    return EXIT.pending;
  }
  return outcomes.some(({ state }) => state === 'rejected') ? EXIT.rejected : EXIT.done;
}

async function collectObjects(
  exchange: Exchange,
  outcomes: readonly Outcome[],
): Promise<Answer['objects']> {
  const keys = new Set(
    outcomes.flatMap(({ requestKey, key }) => [requestKey, ...(key ? [key] : [])]),
  );
  const objects: Answer['objects'] = [];
  const trustDomains = new Set<string>();
  const take = async (key: string, maxBytes: number) => {
    const object = await exchange.get(key, maxBytes);
    if (!object || object.tooLarge) return; // a request that held a key is gone
    const { body, metadata } = object;
    objects.push({ key, body: Buffer.from(body).toString('base64'), metadata: { ...metadata } });
    trustDomains.add(trustDomainOfCertificate(metadata));
  };
  for (const key of keys) await take(key, LIMITS.maxObjectBytes * 2);
  for (const trustDomain of [...trustDomains].filter(isSubdomain))
    for (const ca of CA_NAMES) await take(bundleKey(trustDomain, ca), MAX_BUNDLE_BYTES);
  return objects;
}
