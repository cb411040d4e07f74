/** `cakeless pending`, `approve`, `deny`: the approver's side. */
import type { Command } from 'commander';
import {
  type RequestApproval,
  requestApprovalKey,
  requestApprovalSchema,
} from '../../lib/contract/approvals.ts';
import { isPendingKey, type PendingDocument, readPending } from '../../lib/contract/outcomes.ts';
import { EXCHANGE_PREFIXES } from '../../lib/contract/prefixes.ts';
import {
  completeRequestKey,
  outcomeKeys,
  outcomesPrefix,
  parseRequestKey,
  type RequestAddress,
} from '../../lib/contract/request-key.ts';
import { digestOf, readRequest } from '../../lib/csr/read-request.ts';
import { LIMITS } from '../../lib/limits.ts';
import { formatDocument, JSON_TYPE, readDocument } from '../../lib/store/documents.ts';
import type { ObjectStore } from '../../lib/store/object-store.ts';
import type { Connection } from '../connection.ts';
import { CommandError } from '../errors.ts';
import { approverOption, outputOption } from '../options.ts';
import { formatTable, type OutputFormat, printResult, type Terminal } from '../terminal.ts';
import { clusterOption } from './place-options.ts';

interface DecisionOptions {
  reason?: string;
  as: string;
}

export function addApprovalCommands(
  program: Command,
  connection: Connection,
  terminal: Terminal,
): void {
  program
    .command('pending')
    .description('requests that wait for an approver')
    .addOption(clusterOption('of this cluster only'))
    .addOption(outputOption())
    .action((options: { cluster?: string; output: OutputFormat }) =>
      listPending(connection, terminal, options),
    );
  program
    .command('approve <request>')
    .description(
      'let a pending request be signed; REQUEST is its key, as `cakeless pending` prints it',
    )
    .option('--reason <text>', 'why, for the record')
    .addOption(approverOption())
    .action((request: string, options: DecisionOptions) =>
      decide(connection, terminal, request, 'approve', options),
    );
  program
    .command('deny <request>')
    .description('refuse a pending request')
    .requiredOption('--reason <text>', 'why; the node reads it')
    .addOption(approverOption())
    .action((request: string, options: DecisionOptions) =>
      decide(connection, terminal, request, 'deny', options),
    );
}

async function listPending(
  connection: Connection,
  terminal: Terminal,
  { cluster, output }: { cluster?: string; output: OutputFormat },
): Promise<void> {
  const exchange = await connection.exchange();
  const found: (PendingDocument & { subject: string })[] = [];
  for await (const { key } of exchange.list(
    cluster === undefined ? EXCHANGE_PREFIXES.certificates : outcomesPrefix(cluster),
  )) {
    if (!isPendingKey(key)) continue;
    const pending = await readPending(exchange, key);
    if (pending) found.push({ ...pending, subject: await subjectOf(connection, pending.request) });
  }
  printResult(terminal, output, found, () =>
    found.length === 0
      ? ['nothing waits for an approver']
      : formatTable(
          ['REQUEST', 'CERTIFICATE', 'SUBJECT', 'TRUST DOMAIN', 'UPLOADER', 'SINCE', 'WAITING FOR'],
          found.map((p) => [
            p.request,
            p.certificateName,
            p.subject,
            p.trustDomain,
            p.uploader ?? 'unknown',
            p.since,
            p.waitingFor,
          ]),
        ),
  );
}

/** What an approver says yes to: the subject, read from the CSR itself. */
async function subjectOf(connection: Connection, key: string): Promise<string> {
  const object = await (await connection.exchange()).get(key, LIMITS.maxObjectBytes);
  const subject = object && readRequest(object.body).request?.subject;
  if (!subject) return '?';
  return [...subject.organizations.map((o) => `O=${o}`), `CN=${subject.commonName}`].join(', ');
}

async function decide(
  connection: Connection,
  terminal: Terminal,
  text: string,
  decision: RequestApproval['decision'],
  options: DecisionOptions,
): Promise<void> {
  const address = parseRequestKey(completeRequestKey(text));
  if (!address)
    throw new CommandError(
      'usage',
      `${text}: is not the key of a request`,
      'cakeless pending lists them',
    );
  const { csrSha256, certificateName, trustDomain, validitySeconds } = await pendingOf(
    connection,
    address,
  );
  const approval: RequestApproval = {
    request: address.key,
    csrSha256,
    trustDomain,
    validitySeconds,
    decision,
    ...(options.reason !== undefined && { reason: options.reason }),
    approver: options.as,
    decidedAt: new Date().toISOString(),
  };
  const authority = await connection.authority();
  const key = requestApprovalKey(address.key, csrSha256);
  const created = await authority.create(key, formatDocument(approval), JSON_TYPE);
  const stands =
    created === 'created' ? approval : await readDocument(authority, key, requestApprovalSchema);
  const same = stands?.trustDomain === trustDomain && stands.validitySeconds === validitySeconds;
  if (stands?.decision === decision && !same && decision === 'approve')
    throw new CommandError(
      'usage',
      `${address.key}: was approved under another cluster record (trust domain ${stands.trustDomain})`,
      'a decision stands; the node has to ask again under a new request id',
    );
  if (stands?.decision !== decision)
    throw new CommandError(
      'usage',
      `${address.key}: ${stands?.approver ?? 'somebody'} decided otherwise already (${stands?.decision})`,
      'a decision stands; the node has to ask again under a new request id',
    );
  terminal.print(
    `${decision === 'approve' ? 'approved' : 'denied'} ${certificateName} of ${address.cluster}/${address.node} (${address.key})`,
  );
}

/** People name the file of the certificate, whose CSR lies beside it. */
async function waitsAsCsr(exchange: ObjectStore, { key }: RequestAddress): Promise<boolean> {
  const meant = parseRequestKey(`${key}.csr`);
  return !!meant && !!(await exchange.get(outcomeKeys(meant).pending, LIMITS.maxObjectBytes));
}

/** The digest that is approved is the one of the bytes that lie there now, and it must be the one that was judged. */
async function pendingOf(
  connection: Connection,
  address: RequestAddress,
): Promise<PendingDocument> {
  const exchange = await connection.exchange();
  const pending = await readPending(exchange, outcomeKeys(address).pending);
  if (!pending)
    throw new CommandError(
      'usage',
      `${address.key}: does not wait for an approver (decided already, or never uploaded)`,
      (await waitsAsCsr(exchange, address))
        ? `${address.key}.csr does: that is its key`
        : 'cakeless pending lists what does',
    );
  const object = await exchange.get(address.key, LIMITS.maxObjectBytes);
  if (!object || digestOf(object.body) !== pending.csrSha256)
    throw new CommandError('usage', `${address.key}: is not the CSR that was judged any more`);
  return pending;
}
