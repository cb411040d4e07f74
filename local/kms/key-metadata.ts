import { type StoredKey, specOf } from './key-store.ts';

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_KeyMetadata.html */
export function describeKey(key: StoredKey, accountId: string): object {
  return {
    AWSAccountId: accountId,
    KeyId: key.keyId,
    Arn: key.arn,
    CreationDate: Date.parse(key.createdAt) / 1000,
    Description: key.description,
    Enabled: key.state === 'Enabled',
    KeyManager: 'CUSTOMER',
    KeySpec: key.spec,
    CustomerMasterKeySpec: key.spec,
    KeyState: key.state,
    KeyUsage: 'SIGN_VERIFY',
    MultiRegion: false,
    Origin: key.origin,
    SigningAlgorithms: specOf(key).algorithms.map(({ name }) => name),
    ...expirationOf(key),
    ...(key.deletionDate === undefined
      ? {}
      : { DeletionDate: Date.parse(key.deletionDate) / 1000 }),
  };
}

/** KMS does not mention expiration while a key has no key material. */
function expirationOf({ origin, privateKeyPem, imported }: StoredKey): object {
  if (origin !== 'EXTERNAL' || privateKeyPem === undefined) return {};
  if (imported?.validTo === undefined) return { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' };
  return {
    ExpirationModel: 'KEY_MATERIAL_EXPIRES',
    ValidTo: Date.parse(imported.validTo) / 1000,
  };
}
