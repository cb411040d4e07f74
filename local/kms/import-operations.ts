import { createPublicKey, type KeyObject } from 'node:crypto';
import { AwsError } from '../aws-error.ts';
import type { JsonInput } from '../json-input.ts';
import type { JsonOperations } from '../json-service.ts';
import { oneAtATime } from '../one-at-a-time.ts';
import type { Principal } from '../principals.ts';
import type { Surroundings } from '../surroundings.ts';
import { openToken, sealToken } from './import-token.ts';
import { type KeySpec, keySpec } from './key-specs.ts';
import {
  generatePrivateKey,
  type Imported,
  type KeyStore,
  type StoredKey,
  specOf,
} from './key-store.ts';
import { checkWrappingAlgorithm, unwrapKey } from './unwrap-key.ts';

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_GetParametersForImport.html: 24 hours. */
const PARAMETERS_VALID_MS = 24 * 3_600_000;
/** https://docs.aws.amazon.com/kms/latest/APIReference/API_ImportKeyMaterial.html: ValidTo. */
const LONGEST_VALIDITY_MS = 365 * 86_400_000;

type Find = (input: JsonInput, principal: Principal, action: string) => StoredKey;

/** The operations on keys whose private key is made elsewhere. */
export function importOperations(
  store: KeyStore,
  { now, random }: Surroundings,
  find: Find,
): JsonOperations {
  // of two imports of different keys, one is refused
  const alone = oneAtATime();
  // making one takes seconds on a busy machine, and a client that waited too long asks again: it gets the same one
  const inTheMaking = new Map<string, Promise<string>>();
  const makeWrappingKey = async (keyId: string, spec: KeySpec): Promise<string> => {
    const name = `${keyId} ${spec.name}`;
    const made = inTheMaking.get(name) ?? generatePrivateKey(spec);
    inTheMaking.set(name, made);
    try {
      return await made;
    } finally {
      if (inTheMaking.get(name) === made) inTheMaking.delete(name);
    }
  };
  const findExternal: Find = (input, principal, action) => {
    refuseAlias(input.text('KeyId'));
    const key = find(input, principal, action);
    if (key.origin === 'EXTERNAL') return key;
    throw new AwsError(
      'UnsupportedOperationException',
      `${key.arn} origin is ${key.origin} which is not valid for this operation.`,
    );
  };
  return {
    async GetParametersForImport(input, principal) {
      const key = findExternal(input, principal, 'kms:GetParametersForImport');
      refusePendingDeletion(key);
      const wrappingAlgorithm = input.text('WrappingAlgorithm');
      checkWrappingAlgorithm(wrappingAlgorithm, specOf(key));
      const wrappingKeyPem = await makeWrappingKey(key.keyId, wrappingKeySpec(input));
      const validTo = new Date(now().getTime() + PARAMETERS_VALID_MS);
      const parameters = {
        keyId: key.keyId,
        wrappingAlgorithm,
        validTo: validTo.toISOString(),
        wrappingKeyPem,
      };
      const token = sealToken(parameters, await store.importSecret(random), random);
      return {
        KeyId: key.arn,
        ImportToken: token.toString('base64'),
        PublicKey: spkiOf(wrappingKeyPem),
        ParametersValidTo: validTo.getTime() / 1000,
      };
    },
    async ImportKeyMaterial(input, principal) {
      const secret = await store.importSecret(random);
      const { keyId } = findExternal(input, principal, 'kms:ImportKeyMaterial');
      return alone(keyId, async () => {
        const key = findExternal(input, principal, 'kms:ImportKeyMaterial');
        refuseDisabled(key);
        refusePendingDeletion(key);
        const validTo = expirationOf(input, now());
        const parameters = openToken(blobOf(input, 'ImportToken'), secret, keyId, now());
        const blob = blobOf(input, 'EncryptedKeyMaterial');
        const privateKey = unwrapKey(blob, parameters, specOf(key));
        const publicKey = spkiOf(privateKey);
        refuseOther(key, publicKey);
        const imported: Imported = {
          publicKey,
          ...(validTo && { validTo: validTo.toISOString() }),
        };
        const privateKeyPem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
        await store.save({ ...key, state: 'Enabled', privateKeyPem, imported });
        return { KeyId: key.arn };
      });
    },
    async DeleteImportedKeyMaterial(input, principal) {
      const find = () => findExternal(input, principal, 'kms:DeleteImportedKeyMaterial');
      const { keyId, arn } = find();
      await alone(keyId, () => store.save(withoutMaterial(find())));
      return { KeyId: arn };
    },
  };
}

/** The API reference of ImportKeyMaterial: 1 to 6144 octets. */
function blobOf(input: JsonInput, name: string): Buffer {
  const octets = input.bytes(name);
  if (octets.length >= 1 && octets.length <= 6144) return octets;
  throw new AwsError(
    'ValidationException',
    `1 validation error detected: Value at '${name}' failed to satisfy constraint: Member must have length from 1 to 6144`,
  );
}

/** A key as it is now: key material that has expired is no longer there. */
export function withoutExpired(key: StoredKey, now: Date): StoredKey {
  const { validTo } = key.imported ?? {};
  if (validTo === undefined || Date.parse(validTo) > now.getTime()) return key;
  return withoutMaterial(key);
}

/** The API reference of DeleteImportedKeyMaterial: a key that is pending deletion stays so. */
function withoutMaterial({ privateKeyPem: _, ...key }: StoredKey): StoredKey {
  return key.state === 'PendingDeletion' ? key : { ...key, state: 'PendingImport' };
}

function refuseAlias(reference: string): void {
  if (!/^alias\/|:alias\//.test(reference)) return;
  throw new AwsError('NotFoundException', `Invalid keyId ${reference}`);
}

function refusePendingDeletion({ arn, state }: StoredKey): void {
  if (state !== 'PendingDeletion') return;
  throw new AwsError('KMSInvalidStateException', `${arn} is pending deletion.`);
}

function refuseDisabled({ arn, state }: StoredKey): void {
  if (state !== 'Disabled') return;
  throw new AwsError('KMSInvalidStateException', `${arn} is disabled.`);
}

/** "For asymmetric keys, you cannot change the key material after the initial import." */
function refuseOther({ imported }: StoredKey, publicKey: string): void {
  if (imported === undefined || imported.publicKey === publicKey) return;
  throw new AwsError(
    'IncorrectKeyMaterialException',
    'The key material is not the same key material that was previously imported.',
  );
}

function wrappingKeySpec(input: JsonInput) {
  const name = input.text('WrappingKeySpec');
  if (/^RSA_(2048|3072|4096)$/.test(name)) return keySpec(name);
  throw new AwsError(
    'ValidationException',
    `1 validation error detected: Value '${name}' at 'wrappingKeySpec' failed to satisfy constraint: Member must satisfy enum value set: [RSA_2048, RSA_3072, RSA_4096]`,
  );
}

/** When the key material expires; undefined for never. */
function expirationOf(input: JsonInput, now: Date): Date | undefined {
  const model = input.optionalText('ExpirationModel') ?? 'KEY_MATERIAL_EXPIRES';
  const validTo = input.optionalNumber('ValidTo');
  if (model === 'KEY_MATERIAL_DOES_NOT_EXPIRE') {
    if (validTo === undefined) return undefined;
    throw new AwsError(
      'ValidationException',
      'A validTo date must not be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE',
    );
  }
  if (model !== 'KEY_MATERIAL_EXPIRES') {
    throw new AwsError(
      'ValidationException',
      `1 validation error detected: Value '${model}' at 'expirationModel' failed to satisfy constraint: Member must satisfy enum value set: [KEY_MATERIAL_DOES_NOT_EXPIRE, KEY_MATERIAL_EXPIRES]`,
    );
  }
  if (validTo === undefined) {
    throw new AwsError(
      'ValidationException',
      'A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES',
    );
  }
  const time = validTo * 1000;
  if (time > now.getTime() && time <= now.getTime() + LONGEST_VALIDITY_MS) return new Date(time);
  throw new AwsError('ValidationException', 'ValidTo must be in the future, within 365 days');
}

const spkiOf = (privateKey: KeyObject | string): string =>
  createPublicKey(privateKey).export({ type: 'spki', format: 'der' }).toString('base64');
