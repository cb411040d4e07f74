/** KMS as `SigningKeys`, in a module that only the first signature loads. */
import { newKmsClient } from '../lib/aws/kms-client.ts';
import { KmsSigningKeys } from '../lib/aws/kms-signing-keys.ts';

export const newSigningKeys = (onThrottle?: () => void) =>
  new KmsSigningKeys(newKmsClient(), onThrottle);
