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
    ...(key.expirationModel !== undefined && { ExpirationModel: key.expirationModel }),
    ...(key.validTo !== undefined && { ValidTo: Date.parse(key.validTo) / 1000 }),
    ...(key.deletionDate === undefined
      ? {}
      : { DeletionDate: Date.parse(key.deletionDate) / 1000 }),
  };
}
