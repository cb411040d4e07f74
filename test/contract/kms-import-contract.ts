import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import {
  CreateKeyCommand,
  DeleteImportedKeyMaterialCommand,
  DescribeKeyCommand,
  GetParametersForImportCommand,
  GetPublicKeyCommand,
  ImportKeyMaterialCommand,
  type ImportKeyMaterialCommandInput,
  type KeySpec,
  KMSClient,
  SignCommand,
  type WrappingKeySpec,
} from '@aws-sdk/client-kms';
import { KmsCaKeys } from '../../lib/aws/kms-ca-keys.ts';
import { KmsKeyImport } from '../../lib/aws/kms-key-import.ts';
import { wrapPrivateKey } from '../../lib/ca/wrap-key.ts';
import type { Contract } from './contract.ts';
import type { ContractEndpoint } from './endpoint.ts';

const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve }).privateKey;
const rsa = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength }).privateKey;
const pkcs8 = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'der' });
const spki = (key: KeyObject) => createPublicKey(key).export({ type: 'spki', format: 'der' });

/** What the adoption of a CA relies on in KMS: imports of private keys. */
export function kmsImportContract({ it, open }: Contract): void {
  let endpoint: ContractEndpoint;
  let kms: KMSClient;

  beforeAll(async () => {
    endpoint = await open();
    kms = new KMSClient({ ...endpoint.client, maxAttempts: 1 });
  });

  afterAll(async () => {
    kms.destroy();
    await endpoint.close();
  });

  async function createKey(spec: KeySpec = 'ECC_NIST_P256'): Promise<string> {
    const { KeyMetadata } = await kms.send(
      new CreateKeyCommand({ KeySpec: spec, KeyUsage: 'SIGN_VERIFY', Origin: 'EXTERNAL' }),
    );
    return KeyMetadata?.Arn ?? '';
  }

  async function parametersOf(KeyId: string, bits: WrappingKeySpec = 'RSA_2048') {
    const { PublicKey = new Uint8Array(), ImportToken } = await kms.send(
      new GetParametersForImportCommand({
        KeyId,
        WrappingAlgorithm: 'RSA_AES_KEY_WRAP_SHA_256',
        WrappingKeySpec: bits,
      }),
    );
    return { publicKey: PublicKey, token: ImportToken };
  }

  /** Imports, with what a test changes in the request. */
  async function importKey(
    KeyId: string,
    der: Buffer,
    changed: Partial<ImportKeyMaterialCommandInput> = {},
  ): Promise<void> {
    const { publicKey, token } = await parametersOf(KeyId);
    await kms.send(
      new ImportKeyMaterialCommand({
        KeyId,
        ImportToken: token,
        EncryptedKeyMaterial: wrapPrivateKey(der, publicKey, randomBytes),
        ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
        ...changed,
      }),
    );
  }

  const metadata = async (KeyId: string) =>
    (await kms.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata;
  const publicKeyOf = async (KeyId: string) =>
    (await kms.send(new GetPublicKeyCommand({ KeyId }))).PublicKey;
  const sign = (KeyId: string) =>
    kms.send(
      new SignCommand({
        KeyId,
        Message: Buffer.alloc(32),
        MessageType: 'DIGEST',
        SigningAlgorithm: 'ECDSA_SHA_256',
      }),
    );

  describe('a key with the origin EXTERNAL', () => {
    it('waits for its import: it has no public key, and does not sign', async () => {
      const KeyId = await createKey();
      expect(await metadata(KeyId)).toMatchObject({
        Origin: 'EXTERNAL',
        KeyState: 'PendingImport',
        Enabled: false,
        KeySpec: 'ECC_NIST_P256',
      });
      for (const call of [publicKeyOf, sign])
        await expect(call(KeyId)).rejects.toMatchObject({ name: 'KMSInvalidStateException' });
    });

    it.each<[KeySpec, KeyObject]>([
      ['ECC_NIST_P256', ec('P-256')],
      ['ECC_NIST_P384', ec('P-384')],
      ['RSA_2048', rsa(2048)],
      ['RSA_3072', rsa(3072)],
    ])('takes a private key of %s, and has its public key', async (spec, key) => {
      const KeyId = await createKey(spec);
      await importKey(KeyId, pkcs8(key));
      expect(await publicKeyOf(KeyId)).toEqual(new Uint8Array(spki(key)));
      expect(await metadata(KeyId)).toMatchObject({
        KeyState: 'Enabled',
        Enabled: true,
        ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
      });
    });

    it('takes the same private key again, and no other one, even after its deletion', async () => {
      const [KeyId, key] = [await createKey(), ec('P-256')];
      await importKey(KeyId, pkcs8(key));
      await importKey(KeyId, pkcs8(key));
      const other = { name: 'IncorrectKeyMaterialException' };
      await expect(importKey(KeyId, pkcs8(ec('P-256')))).rejects.toMatchObject(other);
      await kms.send(new DeleteImportedKeyMaterialCommand({ KeyId }));
      expect((await metadata(KeyId))?.KeyState).toBe('PendingImport');
      await expect(sign(KeyId)).rejects.toMatchObject({ name: 'KMSInvalidStateException' });
      await expect(importKey(KeyId, pkcs8(ec('P-256')))).rejects.toMatchObject(other);
      await importKey(KeyId, pkcs8(key));
      expect(await publicKeyOf(KeyId)).toEqual(new Uint8Array(spki(key)));
    });

    const wrong: [string, () => Buffer][] = [
      ['of another curve', () => pkcs8(ec('P-384'))],
      ['of another type', () => pkcs8(rsa(2048))],
      ['in the form of SEC 1', () => ec('P-256').export({ type: 'sec1', format: 'der' })],
      ['that is none', () => Buffer.from('no private key')],
    ];
    it.each(wrong)('refuses a private key %s', async (_, der) => {
      const refused = importKey(await createKey(), der());
      await expect(refused).rejects.toMatchObject({ name: 'IncorrectKeyMaterialException' });
    });

    const changes: [string, string, Partial<ImportKeyMaterialCommandInput>][] = [
      ['a token that is none', 'InvalidImportTokenException', { ImportToken: Buffer.alloc(64) }],
      [
        'octets that KMS cannot decrypt',
        'InvalidCiphertextException',
        {
          EncryptedKeyMaterial: Buffer.alloc(512),
        },
      ],
      [
        'an expiry without its time',
        'ValidationException',
        {
          ExpirationModel: 'KEY_MATERIAL_EXPIRES',
        },
      ],
      [
        'no expiration model, which means an expiry',
        'ValidationException',
        {
          ExpirationModel: undefined,
        },
      ],
      [
        'an expiry in the past',
        'ValidationException',
        {
          ExpirationModel: 'KEY_MATERIAL_EXPIRES',
          ValidTo: new Date(0),
        },
      ],
    ];
    it.each(changes)('refuses %s: %s', async (_, name, changed) => {
      const refused = importKey(await createKey(), pkcs8(ec('P-256')), changed);
      await expect(refused).rejects.toMatchObject({ name });
    });

    it('refuses the token and the wrapping key of another key', async () => {
      const [one, other, key] = [await createKey(), await createKey(), ec('P-256')];
      const { publicKey, token } = await parametersOf(other);
      await expect(importKey(one, pkcs8(key), { ImportToken: token })).rejects.toMatchObject({
        name: 'InvalidImportTokenException',
      });
      const EncryptedKeyMaterial = wrapPrivateKey(pkcs8(key), publicKey, randomBytes);
      await expect(importKey(one, pkcs8(key), { EncryptedKeyMaterial })).rejects.toMatchObject({
        name: 'InvalidCiphertextException',
      });
    });
  });

  it('a key that KMS made takes no import', async () => {
    const { KeyMetadata } = await kms.send(
      new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }),
    );
    await expect(parametersOf(KeyMetadata?.Arn ?? '')).rejects.toMatchObject({
      name: 'UnsupportedOperationException',
    });
  });

  it('RSA-OAEP alone wraps no RSA key', async () => {
    const input = {
      KeyId: await createKey('RSA_2048'),
      WrappingAlgorithm: 'RSAES_OAEP_SHA_256',
      WrappingKeySpec: 'RSA_2048',
    } as const;
    await expect(kms.send(new GetParametersForImportCommand(input))).rejects.toThrow();
  });

  describe('the ports of the adoption', () => {
    it('find or make a key, import into it, and find what was imported', async () => {
      const [keys, keyImport] = [new KmsCaKeys(kms), new KmsKeyImport(kms)];
      const trustDomain = `td-${randomBytes(6).toString('hex')}`;
      const name = { trustDomain, ca: 'ca', version: 1 } as const;
      const pending = await keys.ensureImportable(name, 'ECC_NIST_P256');
      expect(pending).toMatchObject({ keySpec: 'ECC_NIST_P256', state: 'pending-import' });
      expect(await keys.ensureImportable(name, 'ECC_NIST_P256')).toEqual(pending);
      const { publicKey, token } = await keyImport.parameters(pending.keyId);
      const bits = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' });
      expect(bits.asymmetricKeyDetails?.modulusLength).toBe(4096);
      const key = ec('P-256');
      const wrapped = wrapPrivateKey(pkcs8(key), publicKey, randomBytes);
      await keyImport.import(pending.keyId, token, wrapped);
      expect(await keys.importState(pending.keyId)).toEqual({ ...pending, state: 'imported' });
      const found = await keys.find(pending.keyId);
      expect(Buffer.from(found.publicKey)).toEqual(spki(key));
    });

    it('report a refusal of KMS as a mistake in the request', async () => {
      const keyImport = new KmsKeyImport(kms);
      const KeyId = await createKey();
      await expect(
        keyImport.import(KeyId, Buffer.alloc(64), Buffer.alloc(64)),
      ).rejects.toMatchObject({
        code: 'request-malformed',
        message: expect.stringContaining('InvalidImportTokenException'),
      });
    });

    it('refuse a key that KMS made, and one of another spec', async () => {
      const keys = new KmsCaKeys(kms);
      const trustDomain = `td-${randomBytes(6).toString('hex')}`;
      const made = await keys.ensure({ trustDomain, ca: 'ca', version: 1 }, 'ECC_NIST_P256');
      await expect(keys.importState(made.keyId)).rejects.toMatchObject({
        code: 'request-malformed',
        message: expect.stringContaining('its origin is AWS_KMS'),
      });
      const name = { trustDomain, ca: 'etcd-ca', version: 1 } as const;
      await keys.ensureImportable(name, 'ECC_NIST_P256');
      await expect(keys.ensureImportable(name, 'ECC_NIST_P384')).rejects.toMatchObject({
        code: 'request-malformed',
      });
    });
  });
}
