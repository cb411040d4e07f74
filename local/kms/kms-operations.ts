import { createPublicKey } from 'node:crypto';
import { AwsError } from '../aws-error.ts';
import { randomUuid } from '../identifiers.ts';
import type { JsonInput } from '../json-input.ts';
import type { JsonOperations } from '../json-service.ts';
import { demand } from '../permissions.ts';
import type { Principal } from '../principals.ts';
import type { Surroundings } from '../surroundings.ts';
import { conditionKeysOf } from './condition-keys.ts';
import { importOperations, withoutExpired } from './import-operations.ts';
import { describeKey } from './key-metadata.ts';
import { algorithmFor, keySpec } from './key-specs.ts';
import {
  generatePrivateKey,
  type KeyStore,
  materialOf,
  type StoredKey,
  specOf,
} from './key-store.ts';
import { digestOfMessage, isSignature, makeSignature } from './signatures.ts';

/**
 * The part of KMS that a CA needs. Keys are addressed by id, ARN, alias name or alias ARN; permission is checked for
 * the ARN of the key that was found. https://docs.aws.amazon.com/kms/latest/APIReference/API_Operations.html
 */
export function kmsOperations(store: KeyStore, surroundings: Surroundings): JsonOperations {
  const { accountId, region, now, random } = surroundings;
  const arn = (resource: string): string => `arn:aws:kms:${region}:${accountId}:${resource}`;
  const find = (input: JsonInput, principal: Principal, action: string): StoredKey => {
    const key = store.find(input.text('KeyId'));
    demand(principal, action, key.arn, { keys: conditionKeysOf(action, input, key) });
    return withoutExpired(key, now());
  };
  const signing = (input: JsonInput, key: StoredKey) => {
    refuseUnusable(key);
    const algorithm = algorithmFor(specOf(key), input.text('SigningAlgorithm'));
    const messageType = input.optionalText('MessageType') ?? 'RAW';
    const digest = digestOfMessage(input.bytes('Message'), messageType, algorithm);
    const response = { KeyId: key.arn, SigningAlgorithm: algorithm.name };
    return { privateKey: store.privateKey(key), spec: specOf(key), algorithm, digest, response };
  };
  return {
    async CreateKey(input, principal) {
      demand(principal, 'kms:CreateKey', '*');
      const spec = keySpec(
        input.optionalText('KeySpec') ??
          input.optionalText('CustomerMasterKeySpec') ??
          'SYMMETRIC_DEFAULT',
      );
      if (input.optionalText('KeyUsage') !== 'SIGN_VERIFY') {
        throw new AwsError('ValidationException', 'KeyUsage must be SIGN_VERIFY');
      }
      const origin = originOf(input.optionalText('Origin'));
      const keyId = randomUuid(random);
      const key: StoredKey = {
        keyId,
        arn: arn(`key/${keyId}`),
        spec: spec.name,
        description: input.optionalText('Description') ?? '',
        createdAt: now().toISOString(),
        tags: input
          .optionalList('Tags')
          .map((tag) => ({ TagKey: tag.text('TagKey'), TagValue: tag.text('TagValue') })),
        origin,
        ...(origin === 'EXTERNAL'
          ? { state: 'PendingImport' }
          : { state: 'Enabled', privateKeyPem: await generatePrivateKey(spec) }),
      };
      await store.save(key);
      return { KeyMetadata: describeKey(key, accountId) };
    },
    DescribeKey: (input, principal) => ({
      KeyMetadata: describeKey(find(input, principal, 'kms:DescribeKey'), accountId),
    }),
    GetPublicKey(input, principal) {
      const key = find(input, principal, 'kms:GetPublicKey');
      refuseUnusable(key);
      const spec = specOf(key);
      const publicKey = createPublicKey(materialOf(key)).export({ type: 'spki', format: 'der' });
      return {
        KeyId: key.arn,
        PublicKey: publicKey.toString('base64'),
        KeySpec: spec.name,
        CustomerMasterKeySpec: spec.name,
        KeyUsage: 'SIGN_VERIFY',
        SigningAlgorithms: spec.algorithms.map(({ name }) => name),
      };
    },
    Sign(input, principal) {
      const key = find(input, principal, 'kms:Sign');
      const { privateKey, spec, algorithm, digest, response } = signing(input, key);
      const signature = makeSignature(privateKey, spec, algorithm, digest, random);
      return { ...response, Signature: signature.toString('base64') };
    },
    Verify(input, principal) {
      const key = find(input, principal, 'kms:Verify');
      const { privateKey, spec, algorithm, digest, response } = signing(input, key);
      if (isSignature(privateKey, spec, algorithm, digest, input.bytes('Signature'))) {
        return { ...response, SignatureValid: true };
      }
      throw new AwsError('KMSInvalidSignatureException', 'The signature is invalid.');
    },
    ListKeys(_input, principal) {
      demand(principal, 'kms:ListKeys', '*');
      const keys = store.keys().map((key) => ({ KeyId: key.keyId, KeyArn: key.arn }));
      return { Keys: keys, Truncated: false };
    },
    async CreateAlias(input, principal) {
      const name = input.text('AliasName');
      if (!/^alias\/(?!aws\/)[a-zA-Z0-9/_-]{1,250}$/.test(name)) {
        throw new AwsError('ValidationException', `${name} is not a valid alias name`);
      }
      demand(principal, 'kms:CreateAlias', arn(name));
      const key = store.find(input.text('TargetKeyId'));
      demand(principal, 'kms:CreateAlias', key.arn);
      await store.saveAlias(name, key.keyId);
      return {};
    },
    ListAliases(input, principal) {
      demand(principal, 'kms:ListAliases', '*');
      const reference = input.optionalText('KeyId');
      const wanted = reference === undefined ? undefined : store.find(reference).keyId;
      const aliases = store
        .aliases()
        .filter(([, keyId]) => wanted === undefined || wanted === keyId)
        .map(([name, keyId]) => ({ AliasName: name, AliasArn: arn(name), TargetKeyId: keyId }));
      return { Aliases: aliases, Truncated: false };
    },
    ListResourceTags: (input, principal) => ({
      Tags: find(input, principal, 'kms:ListResourceTags').tags,
      Truncated: false,
    }),
    async DisableKey(input, principal) {
      const key = find(input, principal, 'kms:DisableKey');
      materialOf(key);
      await store.save({ ...key, state: 'Disabled' });
      return {};
    },
    async ScheduleKeyDeletion(input, principal) {
      const key = find(input, principal, 'kms:ScheduleKeyDeletion');
      const days = input.optionalNumber('PendingWindowInDays') ?? 30;
      if (days < 7 || days > 30) {
        throw new AwsError('ValidationException', 'PendingWindowInDays must be from 7 to 30');
      }
      const deletionDate = new Date(now().getTime() + days * 86_400_000).toISOString();
      await store.save({ ...key, state: 'PendingDeletion', deletionDate });
      return {
        KeyId: key.arn,
        DeletionDate: Date.parse(deletionDate) / 1000,
        KeyState: 'PendingDeletion',
        PendingWindowInDays: days,
      };
    },
    ...importOperations(store, surroundings, find),
  };
}

function originOf(origin = 'AWS_KMS'): StoredKey['origin'] {
  if (origin === 'AWS_KMS' || origin === 'EXTERNAL') return origin;
  throw new AwsError('UnsupportedOperationException', `Origin ${origin} is not supported here`);
}

/** https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html */
function refuseUnusable(key: StoredKey): void {
  if (key.state === 'Disabled') throw new AwsError('DisabledException', `${key.arn} is disabled.`);
  if (key.state === 'PendingDeletion') {
    throw new AwsError('KMSInvalidStateException', `${key.arn} is pending deletion.`);
  }
  materialOf(key);
}
