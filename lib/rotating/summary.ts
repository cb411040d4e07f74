/**
 * The summary of a rotation: written by the daily check, which reads the reports of all clusters anyway, and shown to anyone
 * who asks how far the rotation is, and to approvers. Changes of phase never use it: they read the evidence.
 */
import {
  type RotationSummary,
  rotationSummaryKey,
  rotationSummarySchema,
} from '../contract/rotation-summary.ts';
import type { Service } from '../service.ts';
import {
  formatDocument,
  JSON_TYPE,
  readDocument,
  readDocumentObject,
  unlessMalformed,
} from '../store/documents.ts';
import type { Gate } from './gate-result.ts';
import { judgeNext, nextChangeOf } from './next-gate.ts';
import type { TrustDomainObject } from './read-trust-domain.ts';

/**
 * Judges the next gate of a rotation, and writes its findings. Of simultaneous runs, the first one to finish is written.
 * @returns undefined if the trust domain is stable
 */
export async function writeSummary(
  service: Service,
  gate: Gate,
  { stored, document }: TrustDomainObject,
): Promise<RotationSummary | undefined> {
  const next = nextChangeOf(document);
  if (!next) return undefined;
  const { authority } = service;
  const { trustDomain } = document;
  const key = rotationSummaryKey(trustDomain);
  const before = await readDocumentObject(authority, key);
  const at = service.now().toISOString();
  const { missing, notes, progress, todo, leftOut } = await judgeNext(
    service,
    gate,
    document,
    next,
  );
  const summary: RotationSummary = {
    trustDomain,
    documentETag: stored.object.eTag,
    at,
    rules: gate.rules,
    missing: [...missing],
    notes: [...notes],
    progress: [...progress],
    todo: [...todo],
    leftOut,
  };
  const text = formatDocument(summary);
  if (before) await authority.replace(key, text, JSON_TYPE, before.eTag);
  else await authority.create(key, text, JSON_TYPE);
  return summary;
}

/** However old it is; undefined if it is in the future, or about a document that has changed since. */
export async function readSummary(
  { authority, now }: Pick<Service, 'authority' | 'now'>,
  { stored, document: { trustDomain } }: TrustDomainObject,
): Promise<RotationSummary | undefined> {
  const key = rotationSummaryKey(trustDomain);
  const summary = await unlessMalformed(readDocument(authority, key, rotationSummarySchema));
  if (!summary || summary.trustDomain !== trustDomain) return undefined;
  const isPast = Date.parse(summary.at) <= now().getTime();
  return isPast && summary.documentETag === stored.object.eTag ? summary : undefined;
}
