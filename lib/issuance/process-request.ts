/**
 * The way of one CSR: read, decide, record, finish. It may be called any number of times for the same request, at the
 * same time and after any interruption: the record is the one decision, and everything behind it repeats harmlessly.
 * docs/issuance-cycle.md tells why the steps stand in this order.
 */

import { parseRequestKey, type RequestAddress } from '../contract/request-key.ts';
import { LIMITS } from '../csr/limits.ts';
import { digestOfObject, findWhatMustGo } from '../csr/what-must-go.ts';
import type { Service } from '../service.ts';
import { formatDocument, JSON_TYPE, readDocument } from '../store/documents.ts';
import type { StoredObject } from '../store/object-store.ts';
import { type Decision, decide } from './decide.ts';
import { finish } from './finish.ts';
import { publishPending, readPendingUploader } from './pending.ts';
import { type DecisionRecord, decisionRecordSchema, recordKey } from './record.ts';

/** One wake-up for one request: an upload, an approval, or the reconcile function. */
export interface Wake {
  readonly key: string;
  /** Who uploaded, and the ETag of what; undefined where no upload event says so. */
  readonly uploader?: string | undefined;
  readonly eTag?: string | undefined;
  /** The approval that this is about, and who wrote it as its event says; the approval holds a name of their own. */
  readonly approval?: { readonly key: string; readonly principal: string | undefined };
}

export interface Processed {
  /** `ignored`: no request, or nothing there; everything else is what the node can read now. */
  readonly outcome: 'issued' | 'rejected' | 'pending' | 'ignored';
  readonly reason?: string;
  readonly record?: DecisionRecord;
  /** The private key, or the oversized object, was taken out of the bucket. */
  readonly removed?: boolean;
  /** The object is not the one that was decided on: somebody wrote over a request. */
  readonly overwritten?: boolean;
}

export async function processRequest(service: Service, wake: Wake): Promise<Processed> {
  const address = parseRequestKey(wake.key);
  if (!address) return lookInto(service, wake.key);
  const [object, known] = await Promise.all([
    service.exchange.get(address.key, LIMITS.maxObjectBytes),
    readDocument(service.authority, recordKey(address.key), decisionRecordSchema),
  ]);
  if (!object) {
    if (!known)
      return { outcome: 'ignored', reason: 'there is no such object, and no record of it' };
    return finish(service, address, known);
  }
  // Looked at even where a decision is on record: somebody may have written a key over the request since.
  const mustGo = findWhatMustGo(object);
  const record = known ?? (await decideAndRecord(service, address, object, wake));
  if (mustGo) await service.exchange.remove(address.key, object.versionId);
  if (!record) return { outcome: 'pending' };
  if ('ignored' in record) return { outcome: 'ignored', reason: record.ignored };
  return {
    ...(await finish(service, address, record)),
    removed: mustGo !== undefined,
    overwritten: record.csrSha256 !== digestOfObject(object),
  };
}

/**
 * A key that is no request's gets no outcome, since nobody could tell where to put it. A private key under it (the
 * request id forgotten, a backup folder copied along) has to go all the same.
 */
async function lookInto(service: Service, key: string): Promise<Processed> {
  const reason = 'the key is not one of a request';
  if (!key.startsWith('requests/')) return { outcome: 'ignored', reason };
  const object = await service.exchange.get(key, LIMITS.maxObjectBytes);
  if (!object || !findWhatMustGo(object)) return { outcome: 'ignored', reason };
  await service.exchange.remove(key, object.versionId);
  return { outcome: 'ignored', reason, removed: true };
}

async function decideAndRecord(
  service: Service,
  address: RequestAddress,
  object: StoredObject,
  wake: Wake,
): Promise<DecisionRecord | { ignored: string } | undefined> {
  const uploader =
    uploaderOf(wake, object) ?? (await readPendingUploader(service, address, object));
  const decision = await decide(service, address, object, { ...wake, uploader });
  if (decision.kind === 'ignore') return { ignored: decision.reason };
  return recordDecision(service, address, decision);
}

/** An event names who wrote certain bytes; of other bytes under the same key it says nothing. */
function uploaderOf({ uploader, eTag }: Wake, object: StoredObject): string | undefined {
  return eTag === undefined || eTag === object.eTag ? uploader : undefined;
}

/** Writes the decision; whoever comes second goes on with the decision that is there. undefined means pending. */
async function recordDecision(
  service: Service,
  address: RequestAddress,
  decision: Exclude<Decision, { kind: 'ignore' }>,
): Promise<DecisionRecord | undefined> {
  const key = recordKey(address.key);
  if (decision.kind === 'pending') {
    await publishPending(service, address, decision);
    // An approval may have come to its outcome in between; then the outcome stands, and `finish` clears this away.
    return readDocument(service.authority, key, decisionRecordSchema);
  }
  const created = await service.authority.create(key, formatDocument(decision.record), JSON_TYPE);
  if (created === 'created') return decision.record;
  return readDocument(service.authority, key, decisionRecordSchema);
}
