/** What a request to KMS must say so that a row of `KEY_ACCESS` allows it. */
import type { KeyAccess } from './services.ts';

/**
 * Condition keys of KMS, with the one value that each must have.
 * @param algorithm KMS's name of the one algorithm that the key signs with
 */
export function requiredKeys(
  { digestsOnly, only }: KeyAccess,
  algorithm: string,
): Record<string, string> {
  return {
    ...(digestsOnly && { 'kms:MessageType': 'DIGEST', 'kms:SigningAlgorithm': algorithm }),
    ...(only && { [only.key]: only.value }),
  };
}
