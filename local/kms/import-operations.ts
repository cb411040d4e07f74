/** KMS keys whose private key is imported: what KMS's documentation calls keys with the origin EXTERNAL. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { AwsError } from '../aws-error.ts';
import type { JsonInput } from '../json-input.ts';
import type { JsonOperations } from '../json-service.ts';
import { oneAtATime } from '../one-at-a-time.ts';
import { demand } from '../permissions.ts';
import type { Principal } from '../principals.ts';
import type { Surroundings } from '../surroundings.ts';
import { type ImportGrant, openGrant, sealGrant } from './import-token.ts';
import {
  generatePrivateKey,
  type KeyStore,
  type StoredKey,
  specOf,
  withoutMaterial,
} from './key-store.ts';
import {
  incorrectMaterial,
  unwrapPrivateKey,
  wrappingAlgorithmFor,
  wrappingKeyBits,
} from './unwrap.ts';

const DAY_MS = 86_400_000;
const MAX_VALID_DAYS = 365;
/** https://docs.aws.amazon.com/kms/latest/APIReference/API_ImportKeyMaterial.html */
const MAX_BLOB_BYTES = 6144;

export function importOperations(store: KeyStore, surroundings: Surroundings): JsonOperations {
  const { now, random } = surroundings;
  const find = (input: JsonInput, principal: Principal, action: string): StoredKey => {
    const keyId = input.text('KeyId');
    if (/^(?:arn:[^/]*:)?alias\//.test(keyId))
      throw new AwsError('NotFoundException', `Invalid keyId ${keyId}`);
    const key = store.find(keyId, now());
    demand(principal, action, key.arn);
    if (key.origin === 'EXTERNAL') return key;
    throw new AwsError(
      'UnsupportedOperationException',
      `${key.arn} origin is ${key.origin} which is not valid for this operation.`,
    );
  };
  const materialOf = (input: JsonInput, key: StoredKey, grant: ImportGrant): KeyObject => {
    if (grant.arn !== key.arn)
      throw new AwsError('InvalidImportTokenException', 'The import token is of another key.');
    if (grant.validTo <= now().getTime())
      throw new AwsError('ExpiredImportTokenException', 'The import token has expired.');
    const spec = specOf(key);
    const algorithm = wrappingAlgorithmFor(spec, grant.wrappingAlgorithm);
    const wrapped = blob(input, 'EncryptedKeyMaterial');
    return unwrapPrivateKey(wrapped, grant.wrappingKeyPem, algorithm, spec);
  };
  // Making one takes seconds on a busy machine, and a client that has waited too long asks again: it gets the same one.
  const inTheMaking = new Map<string, Promise<string>>();
  const makeWrappingKey = async (arn: string, rsaBits: number): Promise<string> => {
    const name = `${arn} ${rsaBits}`;
    const made = inTheMaking.get(name) ?? generatePrivateKey({ rsaBits });
    inTheMaking.set(name, made);
    try {
      return await made;
    } finally {
      if (inTheMaking.get(name) === made) inTheMaking.delete(name);
    }
  };
  const alone = oneAtATime();
  return {
    async GetParametersForImport(input, principal) {
      const key = find(input, principal, 'kms:GetParametersForImport');
      refusePendingDeletion(key);
      const algorithm = wrappingAlgorithmFor(specOf(key), input.text('WrappingAlgorithm'));
      const rsaBits = wrappingKeyBits(input.text('WrappingKeySpec'));
      const wrappingKeyPem = await makeWrappingKey(key.arn, rsaBits);
      const validTo = now().getTime() + DAY_MS;
      const grant = { arn: key.arn, wrappingAlgorithm: algorithm.name, wrappingKeyPem, validTo };
      const secret = await store.importSecret(random);
      const publicKey = createPublicKey(wrappingKeyPem).export({ type: 'spki', format: 'der' });
      return {
        KeyId: key.arn,
        ImportToken: sealGrant(grant, secret, random).toString('base64'),
        PublicKey: publicKey.toString('base64'),
        ParametersValidTo: validTo / 1000,
      };
    },
    async ImportKeyMaterial(input, principal) {
      const secret = await store.importSecret(random);
      const { arn } = find(input, principal, 'kms:ImportKeyMaterial');
      // of concurrent imports one is first, and binds the key
      return alone(arn, async () => {
        const key = find(input, principal, 'kms:ImportKeyMaterial');
        refusePendingDeletion(key);
        const expiry = expiryOf(input, now());
        const material = materialOf(input, key, openGrant(blob(input, 'ImportToken'), secret));
        const publicKey = createPublicKey(material).export({ type: 'spki', format: 'der' });
        const boundTo = publicKey.toString('base64');
        if (key.boundTo !== undefined && key.boundTo !== boundTo)
          throw incorrectMaterial('another private key was imported into this key before');
        const privateKeyPem = material.export({ type: 'pkcs8', format: 'pem' }).toString();
        const state = key.state === 'PendingImport' ? 'Enabled' : key.state;
        await store.save({ ...withoutMaterial(key), state, boundTo, privateKeyPem, ...expiry });
        return { KeyId: arn };
      });
    },
    async DeleteImportedKeyMaterial(input, principal) {
      const { arn } = find(input, principal, 'kms:DeleteImportedKeyMaterial');
      return alone(arn, async () => {
        await store.save(withoutMaterial(store.find(arn, now())));
        return { KeyId: arn };
      });
    },
  };
}

function blob(input: JsonInput, name: string): Buffer {
  const bytes = input.bytes(name);
  if (bytes.length >= 1 && bytes.length <= MAX_BLOB_BYTES) return bytes;
  throw new AwsError(
    'ValidationException',
    `1 validation error detected: Value at '${name}' failed to satisfy constraint: Member must have length from 1 to ${MAX_BLOB_BYTES}`,
  );
}

function expiryOf(input: JsonInput, now: Date): Pick<StoredKey, 'expirationModel' | 'validTo'> {
  const expirationModel = input.optionalText('ExpirationModel') ?? 'KEY_MATERIAL_EXPIRES';
  const validTo = input.optionalNumber('ValidTo');
  if (expirationModel === 'KEY_MATERIAL_DOES_NOT_EXPIRE') {
    if (validTo === undefined) return { expirationModel };
    throw new AwsError('ValidationException', `ValidTo must not be set for ${expirationModel}`);
  }
  if (expirationModel !== 'KEY_MATERIAL_EXPIRES')
    throw new AwsError(
      'ValidationException',
      `1 validation error detected: Value '${expirationModel}' at 'expirationModel' failed to satisfy constraint: Member must satisfy enum value set: [KEY_MATERIAL_DOES_NOT_EXPIRE, KEY_MATERIAL_EXPIRES]`,
    );
  if (validTo === undefined)
    throw new AwsError('ValidationException', `ValidTo must be set for ${expirationModel}`);
  const ahead = validTo * 1000 - now.getTime();
  if (ahead > 0 && ahead <= MAX_VALID_DAYS * DAY_MS)
    return { expirationModel, validTo: new Date(validTo * 1000).toISOString() };
  throw new AwsError(
    'ValidationException',
    `ValidTo must be in the future, and within ${MAX_VALID_DAYS} days`,
  );
}

/** https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html */
function refusePendingDeletion(key: StoredKey): void {
  if (key.state === 'PendingDeletion')
    throw new AwsError('KMSInvalidStateException', `${key.arn} is pending deletion.`);
}
