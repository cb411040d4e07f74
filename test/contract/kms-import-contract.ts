import {
  constants,
  createPublicKey,
  generateKeyPairSync,
  publicEncrypt,
  randomBytes,
  randomUUID,
  verify,
} from 'node:crypto';
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DeleteImportedKeyMaterialCommand,
  DescribeKeyCommand,
  type ExpirationModelType,
  GetParametersForImportCommand,
  GetPublicKeyCommand,
  ImportKeyMaterialCommand,
  type KeySpec,
  KMSClient,
  ScheduleKeyDeletionCommand,
  SignCommand,
  type SigningAlgorithmSpec,
  type WrappingKeySpec,
} from '@aws-sdk/client-kms';
import { KmsCaKeys } from '../../lib/aws/kms-ca-keys.ts';
import { KmsKeyImport } from '../../lib/aws/kms-key-import.ts';
import { wrapPrivateKey } from '../../lib/ca/wrap-key.ts';
import { KEYS_TO_WRAP, pkcs8Of, spkiOf } from '../support/keys-to-wrap.ts';
import type { Contract } from './contract.ts';
import type { ContractEndpoint } from './endpoint.ts';

const ALGORITHMS: Readonly<Record<string, [SigningAlgorithmSpec, string]>> = {
  ECC_NIST_P256: ['ECDSA_SHA_256', 'sha256'],
  ECC_NIST_P384: ['ECDSA_SHA_384', 'sha384'],
};
const RSA: [SigningAlgorithmSpec, string] = ['RSASSA_PKCS1_V1_5_SHA_256', 'sha256'];

const keyFor = (spec: string) => {
  const found = KEYS_TO_WRAP.find((one) => one.spec === spec);
  if (!found) throw new Error(`no key of ${spec}`);
  return found.key;
};
const EC = keyFor('ECC_NIST_P256');
const OTHER_EC = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

/** What Cakeless relies on when a private key is imported, and what others could do to such a key, as tests. */
export function kmsImportContract({ it, open }: Contract): void {
  let endpoint: ContractEndpoint;
  let kms: KMSClient;
  let keyImport: KmsKeyImport;

  beforeAll(async () => {
    endpoint = await open();
    kms = new KMSClient({ ...endpoint.client, maxAttempts: 1 });
    keyImport = new KmsKeyImport(kms);
  });

  afterAll(async () => {
    kms.destroy();
    await endpoint.close();
  });

  async function externalKey(spec: KeySpec = 'ECC_NIST_P256'): Promise<string> {
    const { KeyMetadata } = await kms.send(
      new CreateKeyCommand({ KeySpec: spec, KeyUsage: 'SIGN_VERIFY', Origin: 'EXTERNAL' }),
    );
    return KeyMetadata?.Arn ?? '';
  }

  const describeKey = async (KeyId: string) =>
    (await kms.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata;

  const parametersFor = (
    KeyId: string,
    WrappingAlgorithm = 'RSA_AES_KEY_WRAP_SHA_256',
    WrappingKeySpec: WrappingKeySpec = 'RSA_2048',
  ) =>
    kms.send(
      new GetParametersForImportCommand({
        KeyId,
        WrappingAlgorithm: WrappingAlgorithm as 'RSA_AES_KEY_WRAP_SHA_256',
        WrappingKeySpec,
      }),
    );

  async function importBlob(
    KeyId: string,
    ImportToken: Uint8Array | undefined,
    EncryptedKeyMaterial: Uint8Array,
    ExpirationModel: ExpirationModelType | undefined = 'KEY_MATERIAL_DOES_NOT_EXPIRE',
    ValidTo?: Date,
  ): Promise<void> {
    await kms.send(
      new ImportKeyMaterialCommand({
        KeyId,
        ImportToken,
        EncryptedKeyMaterial,
        ExpirationModel,
        ValidTo,
      }),
    );
    requested.delete(KeyId);
  }

  /** Parameters of a key, requested once until something is imported with them: wrapping keys are slow to make. */
  const requested = new Map<string, ReturnType<typeof parametersFor>>();
  async function parametersOf(keyId: string) {
    const parameters = requested.get(keyId) ?? parametersFor(keyId);
    requested.set(keyId, parameters);
    const { PublicKey = new Uint8Array(), ImportToken } = await parameters;
    return { ImportToken, wrap: (pkcs8: Buffer) => wrapPrivateKey(pkcs8, PublicKey, randomBytes) };
  }

  /** Keys into which nothing is ever imported. */
  const refusing = new Map<string, Promise<string>>();
  function refusingKey(spec: KeySpec = 'ECC_NIST_P256'): Promise<string> {
    const keyId = refusing.get(spec) ?? externalKey(spec);
    refusing.set(spec, keyId);
    return keyId;
  }

  /** Wraps and imports in one step. @param into the KMS key */
  async function importKey(
    into: string,
    key = EC,
    model?: ExpirationModelType,
    validTo?: Date,
  ): Promise<void> {
    const { ImportToken, wrap } = await parametersOf(into);
    await importBlob(into, ImportToken, wrap(pkcs8Of(key)), model, validTo);
  }

  /** Whose key material was imported, and deleted. */
  async function emptiedKey(): Promise<string> {
    const KeyId = await externalKey();
    await importKey(KeyId);
    await kms.send(new DeleteImportedKeyMaterialCommand({ KeyId }));
    return KeyId;
  }

  const sign = (KeyId: string, Message: Buffer, SigningAlgorithm: SigningAlgorithmSpec) =>
    kms.send(new SignCommand({ KeyId, Message, MessageType: 'RAW', SigningAlgorithm }));

  describe('an imported key', () => {
    it.each(KEYS_TO_WRAP)(
      'of $spec signs, and its public key is that of the file',
      async ({ spec, key }) => {
        const keyId = await externalKey(spec as KeySpec);
        await importKey(keyId, key);
        const { PublicKey = new Uint8Array() } = await kms.send(
          new GetPublicKeyCommand({ KeyId: keyId }),
        );
        expect(Buffer.from(PublicKey).equals(spkiOf(key))).toBe(true);
        const [algorithm, hash] = ALGORITHMS[spec] ?? RSA;
        const message = Buffer.from('to be signed');
        const { Signature = new Uint8Array() } = await sign(keyId, message, algorithm);
        expect(verify(hash, message, createPublicKey(key), Signature)).toBe(true);
      },
    );

    it('is imported by the adapter, with no end, under a wrapping key of 4096 bits', async () => {
      const keyId = await externalKey();
      const { publicKey, token, validTo } = await keyImport.parameters(keyId);
      const wrapping = createPublicKey({
        key: Buffer.from(publicKey),
        format: 'der',
        type: 'spki',
      });
      expect(wrapping.asymmetricKeyDetails?.modulusLength).toBe(4096);
      expect(Math.round((validTo.getTime() - Date.now()) / 3_600_000)).toBe(24);
      const other = keyImport.import(keyId, token, Buffer.from('no wrapped key'));
      await expect(other).rejects.toMatchObject({
        code: 'request-malformed',
        message: expect.stringMatching(/^KMS ImportKeyMaterial .*: InvalidCiphertextException: /),
      });
      await keyImport.import(keyId, token, wrapPrivateKey(pkcs8Of(EC), publicKey, randomBytes));
      expect(await describeKey(keyId)).toMatchObject({
        ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
      });
    });

    it('takes the same private key again with the same token, as after a lost response', async () => {
      const keyId = await externalKey();
      const { ImportToken, wrap } = await parametersOf(keyId);
      await importBlob(keyId, ImportToken, wrap(pkcs8Of(EC)));
      await importBlob(keyId, ImportToken, wrap(pkcs8Of(EC)));
    });

    it('describes itself, before and after the import', async () => {
      const keyId = await externalKey();
      const pending = await describeKey(keyId);
      expect(pending).toMatchObject({
        Origin: 'EXTERNAL',
        KeyState: 'PendingImport',
        Enabled: false,
      });
      expect(pending?.ExpirationModel).toBeUndefined();
      await importKey(keyId);
      expect(await describeKey(keyId)).toMatchObject({
        Origin: 'EXTERNAL',
        KeyState: 'Enabled',
        Enabled: true,
        ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
      });
    });

    it('takes the same private key again, and then expires when the import says so', async () => {
      const keyId = await externalKey();
      await importKey(keyId);
      const validTo = inAnHour();
      await importKey(keyId, EC, 'KEY_MATERIAL_EXPIRES', validTo);
      expect(await describeKey(keyId)).toMatchObject({
        ExpirationModel: 'KEY_MATERIAL_EXPIRES',
        ValidTo: validTo,
      });
    });

    it('is wrapped by RSA-OAEP alone, too, if it is an EC key', async () => {
      const keyId = await externalKey('ECC_NIST_P384');
      const { PublicKey = new Uint8Array(), ImportToken } = await parametersFor(
        keyId,
        'RSAES_OAEP_SHA_256',
      );
      const key = createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' });
      const oaep = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' };
      const blob = publicEncrypt({ key, ...oaep }, pkcs8Of(keyFor('ECC_NIST_P384')));
      await importBlob(keyId, ImportToken, blob);
      expect(await describeKey(keyId)).toMatchObject({ KeyState: 'Enabled' });
    });

    it('without its key material does not sign, and takes the same private key', async () => {
      const keyId = await emptiedKey();
      expect(await describeKey(keyId)).toMatchObject({ KeyState: 'PendingImport', Enabled: false });
      await expect(sign(keyId, Buffer.from('m'), 'ECDSA_SHA_256')).rejects.toMatchObject({
        name: 'KMSInvalidStateException',
      });
      await importKey(keyId);
      await sign(keyId, Buffer.from('m'), 'ECDSA_SHA_256');
    });

    it('without its key material takes no other private key', async () => {
      await expect(importKey(await emptiedKey(), OTHER_EC)).rejects.toMatchObject({
        name: 'IncorrectKeyMaterialException',
      });
    });
  });

  describe('a key that waits for its import', () => {
    it.each<[string, (KeyId: string) => Promise<unknown>]>([
      ['has no public key', (KeyId) => kms.send(new GetPublicKeyCommand({ KeyId }))],
      ['does not sign', (KeyId) => sign(KeyId, Buffer.from('m'), 'ECDSA_SHA_256')],
    ])('%s', async (_, call) => {
      await expect(call(await externalKey())).rejects.toMatchObject({
        name: 'KMSInvalidStateException',
        message: expect.stringMatching(/ is pending import\.$/),
      });
    });

    it('can be found by its alias', async () => {
      const keyId = await externalKey();
      const AliasName = `alias/contract/${randomUUID()}`;
      await kms.send(new CreateAliasCommand({ AliasName, TargetKeyId: keyId }));
      expect(await describeKey(AliasName)).toMatchObject({ Arn: keyId, KeyState: 'PendingImport' });
    });
  });

  describe('no parameters for import are given', () => {
    it.each<[string, () => Promise<string>, string, string]>([
      [
        'for a key that KMS made',
        kmsKey,
        'RSA_AES_KEY_WRAP_SHA_256',
        'UnsupportedOperationException',
      ],
      [
        'for a missing key',
        async () => randomUUID(),
        'RSA_AES_KEY_WRAP_SHA_256',
        'NotFoundException',
      ],
      [
        'to wrap an RSA key by RSA-OAEP alone',
        () => externalKey('RSA_2048'),
        'RSAES_OAEP_SHA_256',
        'UnsupportedOperationException',
      ],
      [
        'for a key that is scheduled for deletion',
        doomedKey,
        'RSA_AES_KEY_WRAP_SHA_256',
        'KMSInvalidStateException',
      ],
    ])('%s', async (_, make, algorithm, name) => {
      await expect(parametersFor(await make(), algorithm)).rejects.toMatchObject({ name });
    });
  });

  describe('an import is refused', () => {
    it.each<[string, KeySpec, string]>([
      ['of a key of another type', 'ECC_NIST_P256', 'RSA_2048'],
      ['of a key on another curve', 'ECC_NIST_P256', 'ECC_NIST_P384'],
      ['of a longer key', 'RSA_2048', 'RSA_3072'],
    ])('%s', async (_, spec, given) => {
      await expect(importKey(await refusingKey(spec), keyFor(given))).rejects.toMatchObject({
        name: 'IncorrectKeyMaterialException',
      });
    });

    it('of a key that is not in PKCS #8', async () => {
      const keyId = await refusingKey();
      const { ImportToken, wrap } = await parametersOf(keyId);
      const sec1 = EC.export({ type: 'sec1', format: 'der' });
      await expect(importBlob(keyId, ImportToken, wrap(sec1))).rejects.toMatchObject({
        name: 'IncorrectKeyMaterialException',
      });
    });

    it('of a private key that differs from the one imported before', async () => {
      const keyId = await externalKey();
      await importKey(keyId);
      await expect(importKey(keyId, OTHER_EC)).rejects.toMatchObject({
        name: 'IncorrectKeyMaterialException',
      });
    });

    it('with the token of another key', async () => {
      const { ImportToken, wrap } = await parametersOf(await refusingKey());
      const other = await externalKey();
      await expect(importBlob(other, ImportToken, wrap(pkcs8Of(EC)))).rejects.toMatchObject({
        name: 'InvalidImportTokenException',
      });
    });

    it.each([0, 1, 40, 2000])('with %i octets that are no token', async (size) => {
      const keyId = await refusingKey();
      const { wrap } = await parametersOf(keyId);
      await expect(importBlob(keyId, randomBytes(size), wrap(pkcs8Of(EC)))).rejects.toMatchObject({
        name: size === 0 ? 'ValidationException' : 'InvalidImportTokenException',
      });
    });

    it('if the key is wrapped with the wrapping key of another token', async () => {
      const keyId = await refusingKey();
      const { wrap } = await parametersOf(keyId);
      requested.delete(keyId);
      const { ImportToken } = await parametersOf(keyId);
      await expect(importBlob(keyId, ImportToken, wrap(pkcs8Of(EC)))).rejects.toMatchObject({
        name: 'InvalidCiphertextException',
      });
    });

    it.each<[string, (blob: Buffer) => Buffer]>([
      ['a changed octet in the wrapped key', (blob) => spoilt(blob, blob.length - 1)],
      ['a changed octet in the AES key', (blob) => spoilt(blob, 10)],
      ['a missing octet', (blob) => blob.subarray(0, -1)],
      ['nothing but the AES key', (blob) => blob.subarray(0, 256)],
    ])('with %s', async (_, spoil) => {
      const keyId = await refusingKey();
      const { ImportToken, wrap } = await parametersOf(keyId);
      const blob = spoil(wrap(pkcs8Of(EC)));
      await expect(importBlob(keyId, ImportToken, blob)).rejects.toMatchObject({
        name: 'InvalidCiphertextException',
      });
    });

    it.each<[string, ExpirationModelType | undefined, () => Date | undefined]>([
      ['that does not say when it expires', 'KEY_MATERIAL_EXPIRES', () => undefined],
      ['that expires, and has expired', 'KEY_MATERIAL_EXPIRES', () => new Date(0)],
      [
        'that expires, in more than a year',
        'KEY_MATERIAL_EXPIRES',
        () => new Date(Date.now() + 366 * 86_400_000),
      ],
      ['that does not expire, with a date', 'KEY_MATERIAL_DOES_NOT_EXPIRE', inAnHour],
    ])('%s', async (_, model, validTo) => {
      await expect(importKey(await refusingKey(), EC, model, validTo())).rejects.toMatchObject({
        name: 'ValidationException',
      });
    });

    it('that does not mention expiration: by default, it must say when', async () => {
      const keyId = await refusingKey();
      const { ImportToken, wrap } = await parametersOf(keyId);
      const EncryptedKeyMaterial = wrap(pkcs8Of(EC));
      await expect(
        kms.send(new ImportKeyMaterialCommand({ KeyId: keyId, ImportToken, EncryptedKeyMaterial })),
      ).rejects.toMatchObject({ name: 'ValidationException' });
    });
  });

  describe('the key of a CA', () => {
    const nameOf = (trustDomain: string) => ({ trustDomain, ca: 'ca', version: 1 }) as const;
    const refused = (message: RegExp) => ({
      code: 'request-malformed',
      message: expect.stringMatching(message),
    });

    it('is created once for an import, and knows whether it has its private key', async () => {
      const caKeys = new KmsCaKeys(kms);
      const name = nameOf(`contract-${randomUUID()}`);
      const made = await caKeys.ensureImportable(name, 'ECC_NIST_P256');
      expect(made).toMatchObject({ keySpec: 'ECC_NIST_P256', state: 'pending-import' });
      await importKey(made.keyId);
      const imported = { ...made, state: 'imported', publicKey: new Uint8Array(spkiOf(EC)) };
      expect(await caKeys.ensureImportable(name, 'ECC_NIST_P256')).toEqual(imported);
      expect(await caKeys.importState(made.keyId, name)).toEqual(imported);
    });

    it('takes only private keys of the key spec that it was created for', async () => {
      const caKeys = new KmsCaKeys(kms);
      const name = nameOf(`contract-${randomUUID()}`);
      await caKeys.ensureImportable(name, 'RSA_2048');
      await expect(caKeys.ensureImportable(name, 'RSA_4096')).rejects.toMatchObject(
        refused(/ is a RSA_2048 key/),
      );
    });

    it('of a CA is found by its alias, if there is one', async () => {
      const caKeys = new KmsCaKeys(kms);
      const name = nameOf(`contract-${randomUUID()}`);
      expect(await caKeys.existing(name)).toBeUndefined();
      const made = await caKeys.ensure(name, 'ECC_NIST_P256');
      expect(await caKeys.existing(name)).toEqual(made);
    });

    it('that KMS made takes none', async () => {
      const caKeys = new KmsCaKeys(kms);
      const name = nameOf(`contract-${randomUUID()}`);
      const { keyId } = await caKeys.ensure(name, 'ECC_NIST_P256');
      const made = refused(/its origin is AWS_KMS/);
      await expect(caKeys.importState(keyId, name)).rejects.toMatchObject(made);
      await expect(caKeys.ensureImportable(name, 'ECC_NIST_P256')).rejects.toMatchObject(made);
    });

    it('for an import, whose private key someone may know, is no key of a CA that is made, before the import and after', async () => {
      const caKeys = new KmsCaKeys(kms);
      const name = nameOf(`contract-${randomUUID()}`);
      const { keyId } = await caKeys.ensureImportable(name, 'ECC_NIST_P256');
      const external = refused(/its origin is EXTERNAL.*run cakeless trust-domain adopt/);
      for (const step of [async () => {}, () => importKey(keyId)]) {
        await step();
        await expect(caKeys.existing(name)).rejects.toMatchObject(external);
        await expect(caKeys.ensure(name, 'ECC_NIST_P256')).rejects.toMatchObject(external);
        await expect(caKeys.findMade(keyId, name)).rejects.toMatchObject(external);
      }
    });

    it('is the key of no other CA', async () => {
      const caKeys = new KmsCaKeys(kms);
      const [own, other] = [nameOf(`contract-${randomUUID()}`), nameOf('other')];
      const { keyId: made } = await caKeys.ensure(own, 'ECC_NIST_P256');
      const ofEtcd = { ...own, ca: 'etcd-ca' as const };
      const { keyId: importable } = await caKeys.ensureImportable(ofEtcd, 'ECC_NIST_P256');
      const message = refused(
        /is the key of \S+ of trust domain contract-\S+, by its description$/,
      );
      await expect(caKeys.findMade(made, other)).rejects.toMatchObject(message);
      await expect(caKeys.importState(importable, own)).rejects.toMatchObject(message);
      expect(await caKeys.findMade(made, own)).toMatchObject({ keyId: made });
    });

    it.each<[string, (keyId: string) => Promise<unknown>, RegExp]>([
      [
        'cannot have a private key that expires',
        (keyId) => importKey(keyId, EC, 'KEY_MATERIAL_EXPIRES', inAnHour()),
        /KEY_MATERIAL_DOES_NOT_EXPIRE/,
      ],
      [
        'cannot be scheduled for deletion',
        (KeyId) => kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 })),
        /its state is PendingDeletion$/,
      ],
    ])('%s', async (_, change, message) => {
      const keyId = await externalKey();
      await change(keyId);
      await expect(new KmsCaKeys(kms).importState(keyId, nameOf('x'))).rejects.toMatchObject(
        refused(message),
      );
    });
  });

  it('of two imports of different keys at once, one is refused', async () => {
    const keyId = await externalKey();
    const outcomes = await Promise.allSettled([importKey(keyId), importKey(keyId, OTHER_EC)]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('nothing is deleted from a key that KMS made', async () => {
    const KeyId = await kmsKey();
    await expect(kms.send(new DeleteImportedKeyMaterialCommand({ KeyId }))).rejects.toMatchObject({
      name: 'UnsupportedOperationException',
    });
  });

  async function kmsKey(): Promise<string> {
    const { KeyMetadata } = await kms.send(
      new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }),
    );
    return KeyMetadata?.Arn ?? '';
  }

  async function doomedKey(): Promise<string> {
    const KeyId = await externalKey();
    await kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
    return KeyId;
  }
}

const inAnHour = (): Date => new Date(Math.floor(Date.now() / 1000) * 1000 + 3_600_000);

const spoilt = (blob: Buffer, at: number): Buffer => {
  const copy = Buffer.from(blob);
  copy.writeUInt8(copy.readUInt8(at) ^ 1, at);
  return copy;
};
