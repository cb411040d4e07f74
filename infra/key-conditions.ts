/** What a policy requires of a request to KMS that a row of `KEY_ACCESS` allows. */
import { requiredKeys } from '../lib/access/key-conditions.ts';
import type { KeyAccess } from '../lib/access/services.ts';

/** @param algorithm KMS's name of the one algorithm that the key signs with */
export function requestConditions(
  row: KeyAccess,
  algorithm: string,
): Record<string, Record<string, string>> {
  const required = requiredKeys(row, algorithm);
  return Object.keys(required).length === 0 ? {} : { StringEquals: required };
}
