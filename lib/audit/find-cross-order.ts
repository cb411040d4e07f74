/** What the record of a cross certificate says is to be signed. It is loaded with the first of them. */
import { X509Certificate } from 'node:crypto';
import { lintCross } from '../ca/lint-cross.ts';
import {
  type CaVersionName,
  caCertificateKey,
  caRecordKey,
  caRecordSchema,
} from '../contract/ca-record.ts';
import {
  crossCertificateKey,
  crossRecordKey,
  crossRecordSchema,
  parseCrossRecordKey,
} from '../contract/cross-record.ts';
import { trustDomainKey, trustDomainSchema } from '../contract/trust-domain.ts';
import { readDocument, readText } from '../store/documents.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { SigningOrder } from './signing-order.ts';
import { writtenAt } from './written-at.ts';

/** @returns undefined if it is not the key of such a record */
export async function findCrossOrder(
  authority: ObjectStore,
  key: string,
): Promise<SigningOrder | string | undefined> {
  const named = parseCrossRecordKey(key);
  if (!named) return undefined;
  const record = await readDocument(authority, key, crossRecordSchema);
  if (!record) return `${key}: the record does not exist`;
  if (crossRecordKey(record) !== key)
    return `${key}: is the record of version ${record.version} of ${record.ca} of ${record.trustDomain}`;
  const before = { ...named, version: record.from };
  const [from, to, certificate] = await Promise.all([
    readDocument(authority, caRecordKey(before), caRecordSchema),
    readDocument(authority, caRecordKey(named), caRecordSchema),
    readText(authority, caCertificateKey(before), MAX_PEM_BYTES),
  ]);
  if (!from || !to || certificate === undefined)
    return `${key}: versions ${record.from} and ${record.version} of ${record.ca} are not both recorded`;
  if (from.keyId !== record.keyId)
    return `${key}: is for the key ${record.keyId}, not for that of version ${record.from}`;
  if (await isAbandoned(authority, named))
    return `${key}: version ${named.version} was abandoned, and is never certified`;
  const problems = lintCross(record, derOf(certificate), to);
  if (problems.length > 0) return `${key}: is not a cross certificate: ${problems.join('; ')}`;
  const storedAt = await writtenAt(authority, crossCertificateKey(named));
  return { by: 'createCa', keyId: record.keyId, storedAt };
}

/** The old CA certifies a new version when its rotation starts, which excludes an abandonment. */
async function isAbandoned(
  authority: ObjectStore,
  { trustDomain, ca, version }: CaVersionName,
): Promise<boolean> {
  const document = await readDocument(authority, trustDomainKey(trustDomain), trustDomainSchema);
  const { versions = [], abandoned = 0 } = document?.cas[ca] ?? {};
  return version <= abandoned && !versions.some((one) => one.version === version);
}

const MAX_PEM_BYTES = 64 * 1024;

const derOf = (pem: string): Uint8Array => new X509Certificate(pem).raw;
