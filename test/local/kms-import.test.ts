/** What the contract of imports cannot show on AWS: the end of a token and of key material, and a restart. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import {
  CreateKeyCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  GetParametersForImportCommand,
  ImportKeyMaterialCommand,
  KMSClient,
  SignCommand,
} from '@aws-sdk/client-kms';
import { wrapPrivateKey } from '../../lib/ca/wrap-key.ts';
import { pkcs8Of } from '../support/keys-to-wrap.ts';
import { Clock, start, temporaryFolder, tidyUp } from './stand-in.ts';

const HOUR_MS = 3_600_000;
const SPEC = 'ECC_NIST_P256';
const { privateKey: KEY } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

afterAll(tidyUp);

/** A running stand-in with a key of a spec that waits for its private key, and its parameters. */
async function pendingImport() {
  const clock = new Clock();
  const dataDir = await temporaryFolder();
  let local = await start({ dataDir, now: clock.now });
  const withKms = async <T>(call: (kms: KMSClient) => Promise<T>): Promise<T> => {
    const { url: endpoint, region, administrator: credentials } = local;
    const systemClockOffset = clock.now().getTime() - Date.now();
    const kms = new KMSClient({ endpoint, region, credentials, maxAttempts: 1, systemClockOffset });
    return call(kms).finally(() => kms.destroy());
  };
  const { KeyMetadata } = await withKms((kms) =>
    kms.send(new CreateKeyCommand({ KeySpec: SPEC, KeyUsage: 'SIGN_VERIFY', Origin: 'EXTERNAL' })),
  );
  const KeyId = KeyMetadata?.Arn ?? '';
  const { PublicKey = new Uint8Array(), ImportToken } = await withKms((kms) =>
    kms.send(
      new GetParametersForImportCommand({
        KeyId,
        WrappingAlgorithm: 'RSA_AES_KEY_WRAP_SHA_256',
        WrappingKeySpec: 'RSA_2048',
      }),
    ),
  );
  const EncryptedKeyMaterial = wrapPrivateKey(pkcs8Of(KEY), PublicKey, randomBytes);
  const blob = { KeyId, ImportToken, EncryptedKeyMaterial };
  const signed = { KeyId, Message: Buffer.from('m'), SigningAlgorithm: 'ECDSA_SHA_256' } as const;
  return {
    clock,
    importUntil: (ValidTo?: Date) =>
      withKms((kms) =>
        kms.send(
          new ImportKeyMaterialCommand({
            ...blob,
            ExpirationModel: ValidTo ? 'KEY_MATERIAL_EXPIRES' : 'KEY_MATERIAL_DOES_NOT_EXPIRE',
            ValidTo,
          }),
        ),
      ),
    sign: () => withKms((kms) => kms.send(new SignCommand(signed))),
    disable: () => withKms((kms) => kms.send(new DisableKeyCommand({ KeyId }))),
    describeKey: async () =>
      (await withKms((kms) => kms.send(new DescribeKeyCommand({ KeyId })))).KeyMetadata,
    restart: async () => {
      await local.close();
      local = await start({ dataDir, now: clock.now });
    },
  };
}

it('a token is taken for 24 hours, and no longer', async () => {
  const { clock, importUntil } = await pendingImport();
  clock.pass(24 * HOUR_MS - 1000);
  await importUntil();
  clock.pass(1000);
  await expect(importUntil()).rejects.toMatchObject({ name: 'ExpiredImportTokenException' });
});

it('a token is taken after a restart, and what was imported is kept', async () => {
  const { importUntil, sign, restart } = await pendingImport();
  await restart();
  await importUntil();
  await restart();
  await sign();
});

it('key material that expires is gone at its time, and can be imported again', async () => {
  const { clock, importUntil, sign, describeKey, restart } = await pendingImport();
  await importUntil(new Date(clock.now().getTime() + HOUR_MS));
  await sign();
  clock.pass(HOUR_MS);
  const expired = { KeyState: 'PendingImport', Enabled: false, ExpirationModel: undefined };
  expect({ ExpirationModel: undefined, ...(await describeKey()) }).toMatchObject(expired);
  await restart();
  await expect(sign()).rejects.toMatchObject({ name: 'KMSInvalidStateException' });
  await importUntil();
  await sign();
});

it('a key is neither disabled before its import, nor imported while it is disabled', async () => {
  const { importUntil, disable } = await pendingImport();
  const refused = { name: 'KMSInvalidStateException' };
  await expect(disable()).rejects.toMatchObject(refused);
  await importUntil();
  await disable();
  await expect(importUntil()).rejects.toMatchObject(refused);
});
