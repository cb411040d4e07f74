/** Which document an object of a bucket is. */
import { BUCKET_DOCUMENTS } from '../../lib/schemas/documents.ts';

const BY_KEY: readonly (readonly [RegExp, string])[] = [
  [/\.rejected\.json$/, 'rejection'],
  [/\.pending\.json$/, 'pending'],
  [/^requests\//, 'csr-object'],
  [/^clusters\//, 'cluster-record'],
  [/^trust\/[^/]+\/rotation\.json$/, 'rotation'],
  [/^trust\/[^/]+\/renewals\.json$/, 'renewals'],
  [/^trust\//, 'trust-domain'],
  [/^rotations\//, 'rotation-step'],
  [/^approvals\/rotations\//, 'rotation-approval'],
  [/\.cross\.json$/, 'cross-record'],
  [/^records\/[^/]+\/csr\/[^/]+\.json$/, 'csr-claim'],
  [/^records\//, 'decision-record'],
  [/^reports\/[^/]+\/cluster\.json$/, 'cluster-report'],
  [/^reports\//, 'node-report'],
  [/^budgets\/[^/]+\/csr\/[^/]+\/[^/]+\/[^/]+$/, 'budget-holder'],
  [/^budgets\/[^/]+\/csr~\/[^/]+$/, 'cluster-budget'],
  [/^budgets\/[^/]+\/[^/]+\/[^/]+$/, 'node-budget'],
  [/^budgets\/[^/]+\/[^/]+$/, 'cluster-budget'],
  [/^ca-records\/.*\.renewal\//, 'ca-renewal-record'],
  [/\/\d+\.json$/, 'ca-record'],
  [/^ca-records\/.*\.csr\//, 'ca-csr-record'],
  [/\/[0-9a-f]{64}\.json$/, 'ca-key-claim'],
];

/** @throws Error for an object that this list does not know */
export function parseKeyOf(key: string): string {
  const [, name] = BY_KEY.find(([pattern]) => pattern.test(key)) ?? [];
  if (BUCKET_DOCUMENTS.some((document) => document.name === name)) return name ?? '';
  throw new Error(`${key}: of which document is it?`);
}
