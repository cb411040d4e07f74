/**
 * How one CSR is processed: read, decide, record, finish. This may run any number of times for the same request, at the
 * same time and after any interruption: there is one decision, the record, and every step after it can be repeated.
 * docs/issuance-cycle.md explains the order of the steps, and which of them run at the same time.
 */
import { type ExpectedClaim, expectClaim } from '../budget/claim.ts';
import { signerOfPath } from '../certificates-api/signers.ts';
import {
  type DecisionRecord,
  decisionRecordSchema,
  recordKey,
} from '../contract/decision-record.ts';
import { type PendingDocument, readPending } from '../contract/outcomes.ts';
import { EXCHANGE_PREFIXES } from '../contract/prefixes.ts';
import {
  issuedNameOf,
  outcomeKeys,
  parseRequestKey,
  type RequestAddress,
} from '../contract/request-key.ts';
import { CSR } from '../contract/request-kinds.ts';
import { digestOfObject, findForbidden } from '../csr/forbidden-upload.ts';
import { dayOf } from '../expiry/expiry-index.ts';
import { LIMITS } from '../limits.ts';
import type { Service } from '../service.ts';
import { formatDocument, JSON_TYPE, readDocument } from '../store/documents.ts';
import type { BucketObject, StoredObject } from '../store/object-store.ts';
import type { CheckedDraft } from './check-record.ts';
import { type Decision, decide, type KnownUploader } from './decide.ts';
import { finish } from './finish.ts';
import { type Grounds, groundsOfDecision, SharedDeclarations } from './grounds.ts';
import { loadIssue } from './issue-later.ts';
import { findOverBudget, publishOverBudget, readableRecord } from './over-budget.ts';
import { publishPending, readEarlierPending } from './pending.ts';
import type { Processed, Wake } from './wake.ts';

/** @param declared what requests share if their messages were received together */
export async function processRequest(
  service: Service,
  wake: Wake,
  declared = new SharedDeclarations(service.authority),
): Promise<Processed> {
  const address = parseRequestKey(wake.key);
  if (!address) return inspectStrayObject(service, wake.key);
  // A decision that is not recorded yet needs all of these, so they are read together with the record.
  const expected = expectClaim(
    service.authority,
    address.cluster,
    holderInKey(address),
    service.now(),
  );
  declared.prefetch(address.cluster);
  const pending =
    wake.uploader === undefined
      ? readPending(service.exchange, outcomeKeys(address).pending)
      : undefined;
  pending?.catch(() => undefined); // if it is needed, its error is thrown there
  try {
    return await processRead(service, wake, { address, expected, declared, pending });
  } finally {
    expected.withdraw();
  }
}

/** What was begun when the message was read. */
interface Begun {
  readonly address: RequestAddress;
  readonly expected: ExpectedClaim;
  readonly declared: SharedDeclarations;
  /** What an earlier run published, which may name the uploader if the message does not. */
  readonly pending: Promise<PendingDocument | undefined> | undefined;
}

async function processRead(service: Service, wake: Wake, begun: Begun): Promise<Processed> {
  const { address } = begun;
  const [object, known] = await Promise.all([
    service.exchange.get(address.key, LIMITS.maxObjectBytes),
    readDocument(service.authority, recordKey(address.key), decisionRecordSchema),
  ]);
  if (!object) {
    if (!known)
      return { outcome: 'ignored', reason: 'the object does not exist and has no record' };
    return finish(service, { address, csr: undefined, checked: undefined }, known);
  }
  // Even if a decision is recorded: the request may have been overwritten with a private key since.
  const forbidden = findForbidden(object);
  const decided = known
    ? { record: known, checked: undefined }
    : await decideAndRecord(service, object, wake, begun);
  if (forbidden) await service.exchange.remove(address.key, object.versionId);
  if (!decided) return { outcome: 'pending' };
  if ('ignored' in decided) return { outcome: 'ignored', reason: decided.ignored };
  if ('overBudget' in decided)
    return { outcome: 'rejected', overBudget: true, removed: forbidden !== undefined };
  const { record, checked } = decided;
  return {
    ...(await finish(service, { address, csr: object, checked }, record)),
    removed: forbidden !== undefined,
    overwritten: record.csrSha256 !== digestOfObject(object),
  };
}

/**
 * An object whose key is not a request's gets no outcome, because there is no key to write it to. If it contains a
 * private key (for example because the request id was forgotten, or a backup folder was copied too), it is deleted
 * anyway.
 */
async function inspectStrayObject(service: Service, key: string): Promise<Processed> {
  const reason = 'the key is not the key of a request';
  if (!key.startsWith(EXCHANGE_PREFIXES.requests)) return { outcome: 'ignored', reason };
  const object = await service.exchange.get(key, LIMITS.maxObjectBytes);
  if (!object || !findForbidden(object)) return { outcome: 'ignored', reason };
  await service.exchange.remove(key, object.versionId);
  return { outcome: 'ignored', reason, removed: true };
}

interface Decided {
  readonly record: DecisionRecord;
  /** Set if this run checked the record and wrote it. */
  readonly checked: CheckedDraft | undefined;
}

async function decideAndRecord(
  service: Service,
  object: BucketObject,
  wake: Wake,
  begun: Begun,
): Promise<Decided | { readonly ignored: string } | { readonly overBudget: true } | undefined> {
  const { address, expected, declared } = begun;
  const grounds = groundsOfDecision(declared, service.authority);
  const holder = findHolder(service, object, begun);
  holder.catch(() => undefined); // it is needed after the decision, and its error is thrown there
  const uploader = await findUploader(service, object, wake, begun);
  const decision = await decide(service, address, object, uploader, grounds);
  if (decision.kind === 'ignore') return { ignored: decision.reason };
  const claiming = claimed(service, address, decision);
  claiming.catch(() => undefined); // thrown below, if the request counts
  const overBudget = await findOverBudget(service, address, object, decision, {
    declared,
    expected,
    holder: await holder,
  });
  if (overBudget) {
    // Another run may have counted it, and removed pending.json after it had written the record: then the record counts.
    const decided = await readDecided(service, recordKey(address.key));
    if (decided) return decided;
    await publishOverBudget(service, address, issuedNameOf(address), overBudget);
    return { overBudget: true };
  }
  return recordDecision(service, address, object, await claiming, grounds);
}

/** A CSR of the certificates API is issued once, even if it is requested in two places. */
async function claimed(
  service: Service,
  address: RequestAddress,
  decision: Exclude<Decision, { kind: 'ignore' }>,
) {
  if (decision.kind !== 'issue' || !signerOfPath(address.path)) return decision;
  return (await import('./claim-csr.ts')).claimCsr(service, address, decision);
}

/** Whose budget a request counts in. */
async function findHolder(
  service: Service,
  object: BucketObject,
  { address, expected, declared }: Begun,
): Promise<string> {
  const named = holderInKey(address);
  if (named !== undefined) return named;
  const record = await readableRecord(declared, address.cluster);
  const { findBudgetHolder } = await import('./certificates-api.ts');
  const day = dayOf(object.lastModified);
  return findBudgetHolder(service.authority, expected, address, day, object, record);
}

/** undefined: only the object says whose it is. */
const holderInKey = ({ node }: RequestAddress) => (node === CSR ? undefined : node);

async function findUploader(
  service: Service,
  object: BucketObject,
  wake: Wake,
  { address, pending }: Begun,
): Promise<KnownUploader> {
  const named = uploaderOf(wake, object);
  if (named !== undefined) return { uploader: named };
  const earlier = await readEarlierPending(service, address, object, pending);
  return { uploader: earlier?.uploader, unknownSince: earlier && new Date(earlier.since) };
}

/** An event names the writer of certain bytes; it does not say who wrote other bytes to the same key. */
function uploaderOf({ uploader, eTag }: Wake, object: StoredObject): string | undefined {
  return eTag === undefined || eTag === object.eTag ? uploader : undefined;
}

/** Writes the decision; an existing one takes precedence. undefined means pending. */
async function recordDecision(
  service: Service,
  address: RequestAddress,
  object: StoredObject,
  decision: Exclude<Decision, { kind: 'ignore' }>,
  grounds: Grounds,
): Promise<Decided | undefined> {
  const key = recordKey(address.key);
  if (decision.after)
    await (await import('./certificates-api.ts')).recordUnrecorded(service, decision.after);
  if (decision.kind === 'pending') {
    await publishPending(service, address, decision);
    // An approval may have been processed in the meantime; then its outcome counts, and `finish` removes this one.
    return readDecided(service, key);
  }
  const { record } = decision;
  const checked =
    record.decision === 'issue'
      ? await (await loadIssue()).checkOwn(service, address, object, record, grounds)
      : undefined;
  const created = await service.authority.create(key, formatDocument(record), JSON_TYPE);
  return created === 'created' ? { record, checked } : readDecided(service, key);
}

async function readDecided(service: Service, key: string): Promise<Decided | undefined> {
  const record = await readDocument(service.authority, key, decisionRecordSchema);
  return record && { record, checked: undefined };
}
