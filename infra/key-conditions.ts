/** What a policy requires of a request to KMS that a row of `KEY_ACCESS` allows. */
import type { KeyAccess } from '../lib/access/services.ts';

/** @param algorithm KMS's name of the one algorithm that the key signs with */
export function requestConditions(
  { digestsOnly, only }: KeyAccess,
  algorithm: string,
): Record<string, Record<string, string>> {
  const required = {
    ...(digestsOnly && { 'kms:MessageType': 'DIGEST', 'kms:SigningAlgorithm': algorithm }),
    ...(only && { [only.key]: only.value }),
  };
  return Object.keys(required).length === 0 ? {} : { StringEquals: required };
}
