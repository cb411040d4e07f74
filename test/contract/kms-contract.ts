import { createHash, createPublicKey, randomUUID, verify } from 'node:crypto';
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  GetPublicKeyCommand,
  type KeySpec,
  KMSClient,
  ListAliasesCommand,
  ListKeysCommand,
  ListResourceTagsCommand,
  ScheduleKeyDeletionCommand,
  SignCommand,
  type SigningAlgorithmSpec,
  VerifyCommand,
} from '@aws-sdk/client-kms';
import type { Contract } from './contract.ts';
import type { ContractEndpoint } from './endpoint.ts';

/** What Cakeless relies on in KMS, as tests. */
export function kmsContract({ it, open }: Contract): void {
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

  const made = new Map<string, Promise<string>>();

  /** One key for each spec: RSA keys are slow to create. */
  function keyOf(spec: KeySpec): Promise<string> {
    const keyId = made.get(spec) ?? createKey(spec);
    made.set(spec, keyId);
    return keyId;
  }

  async function createKey(spec: KeySpec): Promise<string> {
    const { KeyMetadata } = await kms.send(
      new CreateKeyCommand({ KeySpec: spec, KeyUsage: 'SIGN_VERIFY' }),
    );
    return KeyMetadata?.KeyId ?? '';
  }

  async function publicKeyOf(KeyId: string) {
    const { PublicKey = new Uint8Array() } = await kms.send(new GetPublicKeyCommand({ KeyId }));
    return createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' });
  }

  const message = Buffer.from('to be signed');
  const rsa = ['SHA_256', 'SHA_384', 'SHA_512'].map((hash) => `RSASSA_PKCS1_V1_5_${hash}`);
  const specs: [KeySpec, string[]][] = [
    ['ECC_NIST_P256', ['ECDSA_SHA_256']],
    ['ECC_NIST_P384', ['ECDSA_SHA_384']],
    ['RSA_2048', rsa],
    ['RSA_3072', rsa],
    ['RSA_4096', rsa],
  ];
  const signatures = specs.flatMap(([spec, algorithms]) =>
    algorithms.flatMap((algorithm) =>
      (['DIGEST', 'RAW'] as const).map((type) => ({
        spec,
        algorithm: algorithm as SigningAlgorithmSpec,
        type,
      })),
    ),
  );
  const hashOf = (algorithm: string) => algorithm.slice(-7).replace('_', '').toLowerCase();

  describe('a signature', () => {
    it.each(signatures)(
      'by $spec with $algorithm over a $type verifies with OpenSSL, and no other signature does',
      async ({ spec, algorithm, type }) => {
        const KeyId = await keyOf(spec);
        const digest = createHash(hashOf(algorithm)).update(message).digest();
        const signed = {
          KeyId,
          Message: type === 'RAW' ? message : digest,
          MessageType: type,
          SigningAlgorithm: algorithm,
        };
        const { Signature = new Uint8Array() } = await kms.send(new SignCommand(signed));
        expect(verify(hashOf(algorithm), message, await publicKeyOf(KeyId), Signature)).toBe(true);
        const { SignatureValid } = await kms.send(new VerifyCommand({ ...signed, Signature }));
        expect(SignatureValid).toBe(true);
        const spoilt = Buffer.from(Signature);
        spoilt.writeUInt8(spoilt.readUInt8(spoilt.length - 1) ^ 1, spoilt.length - 1);
        await expect(
          kms.send(new VerifyCommand({ ...signed, Signature: spoilt })),
        ).rejects.toMatchObject({ name: 'KMSInvalidSignatureException' });
      },
    );

    it('by an elliptic curve differs every time, and always verifies', async () => {
      const KeyId = await keyOf('ECC_NIST_P256');
      const publicKey = await publicKeyOf(KeyId);
      const Message = createHash('sha256').update(message).digest();
      const SigningAlgorithm = 'ECDSA_SHA_256';
      const seen = new Set<string>();
      for (let time = 0; time < 50; time += 1) {
        const { Signature = new Uint8Array() } = await kms.send(
          new SignCommand({ KeyId, Message, MessageType: 'DIGEST', SigningAlgorithm }),
        );
        expect(verify('sha256', message, publicKey, Signature)).toBe(true);
        seen.add(Buffer.from(Signature).toString('hex'));
      }
      expect(seen.size).toBe(50);
    });
  });

  describe('a request to sign is refused', () => {
    const cases: [string, KeySpec, string, 'RAW' | 'DIGEST', number, string][] = [
      [
        'for an algorithm of another key type',
        'ECC_NIST_P256',
        'RSASSA_PKCS1_V1_5_SHA_256',
        'DIGEST',
        32,
        'InvalidKeyUsageException',
      ],
      [
        'for an algorithm of another curve',
        'ECC_NIST_P256',
        'ECDSA_SHA_384',
        'DIGEST',
        48,
        'InvalidKeyUsageException',
      ],
      [
        'for an unknown algorithm',
        'ECC_NIST_P256',
        'ECDSA_MD5',
        'DIGEST',
        32,
        'ValidationException',
      ],
      [
        'for a digest that is too short',
        'ECC_NIST_P256',
        'ECDSA_SHA_256',
        'DIGEST',
        20,
        'ValidationException',
      ],
      [
        'for a digest that is too long',
        'RSA_2048',
        'RSASSA_PKCS1_V1_5_SHA_256',
        'DIGEST',
        48,
        'ValidationException',
      ],
      [
        'for a raw message over 4096 bytes',
        'ECC_NIST_P256',
        'ECDSA_SHA_256',
        'RAW',
        4097,
        'ValidationException',
      ],
    ];
    it.each(cases)('%s', async (_name, spec, algorithm, MessageType, size, name) => {
      const SigningAlgorithm = algorithm as SigningAlgorithmSpec;
      const input = {
        KeyId: await keyOf(spec),
        Message: Buffer.alloc(size),
        MessageType,
        SigningAlgorithm,
      };
      await expect(kms.send(new SignCommand(input))).rejects.toMatchObject({ name });
    });

    it('by a missing key', async () => {
      const input = {
        KeyId: randomUUID(),
        Message: Buffer.alloc(32),
        SigningAlgorithm: 'ECDSA_SHA_256',
      } as const;
      await expect(kms.send(new SignCommand(input))).rejects.toMatchObject({
        name: 'NotFoundException',
      });
    });

    it.each([
      [
        'disabled',
        'DisabledException',
        (KeyId: string) => kms.send(new DisableKeyCommand({ KeyId })),
      ],
      [
        'scheduled for deletion',
        'KMSInvalidStateException',
        (KeyId: string) =>
          kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 })),
      ],
    ])('by a key that is %s', async (_name, name, change) => {
      const KeyId = await createKey('ECC_NIST_P256');
      await change(KeyId);
      const input = { KeyId, Message: message, SigningAlgorithm: 'ECDSA_SHA_256' } as const;
      await expect(kms.send(new SignCommand(input))).rejects.toMatchObject({ name });
    });
  });

  describe('a key', () => {
    it('describes itself, with description and tags', async () => {
      const { KeyMetadata } = await kms.send(
        new CreateKeyCommand({
          KeySpec: 'ECC_NIST_P384',
          KeyUsage: 'SIGN_VERIFY',
          Description: 'etcd CA',
          Tags: [{ TagKey: 'ca', TagValue: 'etcd-ca' }],
        }),
      );
      const KeyId = KeyMetadata?.Arn ?? '';
      const described = await kms.send(new DescribeKeyCommand({ KeyId }));
      expect(described.KeyMetadata).toMatchObject({
        Arn: KeyId,
        KeySpec: 'ECC_NIST_P384',
        KeyUsage: 'SIGN_VERIFY',
        KeyState: 'Enabled',
        Enabled: true,
        Description: 'etcd CA',
      });
      const { Tags } = await kms.send(new ListResourceTagsCommand({ KeyId }));
      expect(Tags).toEqual([{ TagKey: 'ca', TagValue: 'etcd-ca' }]);
      const { Keys } = await kms.send(new ListKeysCommand({ Limit: 1000 }));
      expect(Keys?.map(({ KeyArn }) => KeyArn)).toContain(KeyId);
    });

    it('is found by id, ARN, alias name and alias ARN', async () => {
      const keyId = await createKey('ECC_NIST_P256');
      const AliasName = `alias/contract/${randomUUID()}`;
      await kms.send(new CreateAliasCommand({ AliasName, TargetKeyId: keyId }));
      const { Aliases } = await kms.send(new ListAliasesCommand({ KeyId: keyId }));
      const aliasArn = Aliases?.find((alias) => alias.AliasName === AliasName)?.AliasArn ?? '';
      const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: keyId }));
      for (const KeyId of [keyId, KeyMetadata?.Arn ?? '', AliasName, aliasArn]) {
        const found = await kms.send(new DescribeKeyCommand({ KeyId }));
        expect(found.KeyMetadata?.KeyId).toBe(keyId);
      }
      await expect(
        kms.send(new CreateAliasCommand({ AliasName, TargetKeyId: keyId })),
      ).rejects.toMatchObject({ name: 'AlreadyExistsException' });
    });

    it('lists the algorithms that it signs with', async () => {
      const { SigningAlgorithms, KeySpec } = await kms.send(
        new GetPublicKeyCommand({ KeyId: await keyOf('RSA_2048') }),
      );
      expect(SigningAlgorithms).toEqual(expect.arrayContaining(rsa));
      expect(KeySpec).toBe('RSA_2048');
    });
  });
}
