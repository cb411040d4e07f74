/** The last certificate of a name that a node got, from the ledger. */
import {
  type DecisionRecord,
  decisionRecordSchema,
  recordsPrefix,
  requestKeyOfRecord,
} from '../../lib/contract/decision-record.ts';
import {
  issuedNameOf,
  parseRequestKey,
  type RequestAddress,
} from '../../lib/contract/request-key.ts';
import { isCertificateName } from '../../lib/profiles/certificate-names.ts';
import { readDocument } from '../../lib/store/documents.ts';
import type { ObjectStore } from '../../lib/store/object-store.ts';

export interface ReplacedCertificate {
  /** Key of its request. */
  readonly request: string;
  readonly serialNumber: string;
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly notAfter: string;
}

/** How many records are read at most: rejections are skipped, and a node may have many of them. */
const MOST_RECORDS = 50;

/**
 * All users share one path, so a user's certificate replaces nothing.
 * @returns undefined if the node had no such certificate
 */
export async function findReplaced(
  authority: Pick<ObjectStore, 'get' | 'list'>,
  address: RequestAddress,
): Promise<ReplacedCertificate | undefined> {
  const name = issuedNameOf(address);
  if (name === undefined || !isCertificateName(name)) return undefined;
  const records: { key: string; at: number }[] = [];
  for await (const { key, lastModified } of authority.list(recordsPrefix(address))) {
    const other = parseRequestKey(requestKeyOfRecord(key) ?? '');
    if (other && other.key !== address.key && issuedNameOf(other) === name)
      records.push({ key, at: lastModified.getTime() });
  }
  const newestFirst = records.sort((a, b) => b.at - a.at).slice(0, MOST_RECORDS);
  for (const { key } of newestFirst) {
    const replaced = issuedBy(await readDocument(authority, key, decisionRecordSchema));
    if (replaced) return replaced;
  }
  return undefined;
}

function issuedBy(record: DecisionRecord | undefined): ReplacedCertificate | undefined {
  if (record?.decision !== 'issue') return undefined;
  const { serialNumber, commonName, organizations, notAfter } = record.certificate;
  return { request: record.request, serialNumber, commonName, organizations, notAfter };
}
