import type { JsonInput } from '../json-input.ts';
import type { StoredKey } from './key-store.ts';

/** Members of a request that have a condition key, by operation. A member that is absent has no value. */
const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  'kms:Sign': ['MessageType', 'SigningAlgorithm'],
  'kms:Verify': ['MessageType', 'SigningAlgorithm'],
  'kms:GetParametersForImport': ['WrappingAlgorithm', 'WrappingKeySpec'],
  'kms:ImportKeyMaterial': ['ExpirationModel'],
};

/**
 * The condition keys that permissions can depend on: what the request says, and what its key is.
 * https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
 */
export function conditionKeysOf(
  action: string,
  input: JsonInput,
  { origin, spec }: StoredKey,
): Record<string, string> {
  const said = (MEMBERS[action] ?? []).flatMap((name): [string, string][] => {
    const value = input.optionalText(name);
    return value === undefined ? [] : [[`kms:${name}`, value]];
  });
  return { 'kms:KeyOrigin': origin, 'kms:KeySpec': spec, ...Object.fromEntries(said) };
}
