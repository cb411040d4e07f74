/** `cakeless submit`: uploads the CSRs of a folder as one request. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { LIMITS } from '../../lib/door/limits.ts';
import { findPrivateKey } from '../../lib/door/private-key-material.ts';
import { readRequest } from '../../lib/door/read-request.ts';
import type { ViolationCode } from '../../lib/policy/violation.ts';
import type { Connection } from '../connection.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { type Exchange, upload } from '../node/exchange.ts';
import { type FoundCsr, findCsrs } from '../node/find-csrs.ts';
import { findWay, type WayOptions } from '../node/way.ts';
import { outputOption, subdomain } from '../options.ts';
import { type OutputFormat, printResult, type Terminal } from '../terminal.ts';

export interface SubmitOptions {
  cluster: string;
  node: string;
  request?: string;
  output: OutputFormat;
}

export interface Submitted {
  readonly cluster: string;
  readonly node: string;
  readonly request: string;
  readonly requests: readonly { certificateName: string; key: string; uploaded: boolean }[];
  /** .csr files that were left out, since kubeadm has no certificate at their paths. */
  readonly skipped: readonly string[];
}

export function addSubmitCommand(
  program: Command,
  connection: Connection,
  terminal: Terminal,
): void {
  program
    .command('submit <dir>')
    .description(
      'upload the CSRs that kubeadm made below DIR; never reads or sends a key or a kubeconfig',
    )
    .option('--cluster <name>', 'the cluster; required without --invitation', subdomain)
    .option(
      '--node <name>',
      'this node, as kubeadm knows it; required without --invitation',
      subdomain,
    )
    .option('--invitation <file>', 'go by this file of `cakeless invite`, without AWS credentials')
    .option(
      '--request <id>',
      'name of this request; the same id again goes on where it stopped (default: the time and random digits)',
      subdomain,
    )
    .addOption(outputOption())
    .action(async (folder: string, options: WayOptions & Pick<SubmitOptions, 'output'>) => {
      const way = await findWay(connection, options, new Date());
      const result = await submit(way.exchange, terminal, folder, way.place);
      printResult(terminal, options.output, result, () => [
        `request ${result.request}: ${result.requests.length} CSRs of ${result.cluster}/${result.node} are uploaded`,
        options.invitation === undefined
          ? `next: cakeless fetch --cluster ${result.cluster} --node ${result.node} --request ${result.request} --out ${folder}`
          : `next: cakeless fetch --invitation ${options.invitation} --out ${folder}`,
      ]);
    });
}

export async function submit(
  exchange: Exchange,
  terminal: Terminal,
  folder: string,
  { cluster, node, request = newRequestId(new Date()) }: Omit<SubmitOptions, 'output'>,
): Promise<Submitted> {
  const { files, unknown } = readCsrs(folder, terminal);
  const requests: Submitted['requests'][number][] = [];
  for (const { path, certificateName, bytes } of files) {
    const key = `requests/${cluster}/${node}/${request}/${path}`;
    const uploaded = await upload(exchange, key, bytes);
    terminal.progress(`${uploaded ? 'uploaded' : 'was there'} ${certificateName} (${path})`);
    requests.push({ certificateName, key, uploaded });
  }
  return { cluster, node, request, requests, skipped: unknown };
}

/** Everything is read and looked at before the first byte leaves the node. */
export function readCsrs(folder: string, terminal: Terminal) {
  const { csrs, unknown } = findCsrs(folder);
  for (const path of unknown)
    terminal.progress(`skipped ${path}: kubeadm has no certificate there`);
  return { files: csrs.map((csr) => ({ ...csr, bytes: readCsr(csr) })), unknown };
}

function readCsr({ file }: FoundCsr): Buffer {
  const bytes = readFileSync(file);
  checkCsr(file, bytes);
  return bytes;
}

/** @throws CommandError for anything but a CSR, a key above all */
export function checkCsr(file: string, bytes: Uint8Array): void {
  const found = findPrivateKey(bytes);
  if (found)
    throw new CommandError(
      EXIT.usage,
      `${file}: holds ${found}; nothing was sent`,
      'a .csr file holds a certificate signing request and nothing else',
    );
  if (bytes.length > LIMITS.maxObjectBytes)
    throw new CommandError(
      EXIT.usage,
      `${file}: has ${bytes.length} bytes, no CSR has; nothing was sent`,
    );
  const unreadable = readRequest(bytes).violations.find(({ code }) => NO_CSR.includes(code));
  if (unreadable)
    throw new CommandError(EXIT.usage, `${file}: is no CSR (${unreadable.got}); nothing was sent`);
}

const NO_CSR: readonly ViolationCode[] = ['pem-malformed', 'pem-label', 'der-malformed'];

/** Sorts by time, and no two nodes or runs meet. */
export function newRequestId(now: Date): string {
  const time = now
    .toISOString()
    .replace(/[-:]|\.\d+/g, '')
    .toLowerCase();
  return `${time}-${randomBytes(3).toString('hex')}`;
}
