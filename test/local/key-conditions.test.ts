/** The conditions that a key policy has in AWS are part of what the principals of the stand-in may do. */
import {
  CreateKeyCommand,
  GetParametersForImportCommand,
  ImportKeyMaterialCommand,
  KMSClient,
  SignCommand,
} from '@aws-sdk/client-kms';
import type { RunningLocal } from '../../local/server.ts';
import { start, tidyUp } from './stand-in.ts';

let local: RunningLocal;
const keys: Record<string, string | undefined> = {};

beforeAll(async () => {
  local = await start();
  for (const Origin of ['AWS_KMS', 'EXTERNAL'] as const) {
    const create = new CreateKeyCommand({
      KeySpec: 'ECC_NIST_P256',
      KeyUsage: 'SIGN_VERIFY',
      Origin,
    });
    keys[Origin] = (await as('administrator', (kms) => kms.send(create))).KeyMetadata?.Arn;
  }
});

afterAll(tidyUp);

async function as<T>(name: string, call: (kms: KMSClient) => Promise<T>): Promise<T> {
  const credentials = local.principals().find((principal) => principal.name === name);
  if (!credentials) throw new Error(`no principal ${name}`);
  const { url: endpoint, region } = local;
  const kms = new KMSClient({ endpoint, region, credentials, maxAttempts: 1 });
  return call(kms).finally(() => kms.destroy());
}

type Members = Record<string, unknown>;

/** Wrapping keys are slow to make: this size is refused, after permission was checked. */
const parameters =
  (Origin: string, more: Members = {}) =>
  (kms: KMSClient) =>
    kms.send(
      new GetParametersForImportCommand({
        KeyId: keys[Origin],
        WrappingAlgorithm: 'RSA_AES_KEY_WRAP_SHA_256',
        WrappingKeySpec: 'RSA_1024' as 'RSA_2048',
        ...more,
      }),
    );

/** The token is refused, after permission was checked. */
const material =
  (Origin: string, more: Members = {}) =>
  (kms: KMSClient) =>
    kms.send(
      new ImportKeyMaterialCommand({
        KeyId: keys[Origin],
        ImportToken: Buffer.from('none'),
        EncryptedKeyMaterial: Buffer.from('none'),
        ...more,
      }),
    );
const FOREVER = { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' };

const signature =
  (more: Members = {}) =>
  (kms: KMSClient) =>
    kms.send(
      new SignCommand({
        KeyId: keys.AWS_KMS,
        Message: Buffer.alloc(32, 1),
        SigningAlgorithm: 'ECDSA_SHA_256',
        ...more,
      }),
    );
const DIGEST = { MessageType: 'DIGEST' };

/** What a permission error names, for one that says which value would be allowed. */
const unless = (what: string) =>
  expect.stringMatching(new RegExp(`not authorized.* unless ${what}$`));

it.each<
  [who: string, what: string, ask: () => (kms: KMSClient) => Promise<unknown>, outcome: unknown]
>([
  [
    'importer',
    'a wrapping key for the one algorithm',
    () => parameters('EXTERNAL'),
    /wrappingKeySpec/,
  ],
  [
    'importer',
    'a wrapping key for another algorithm',
    () => parameters('EXTERNAL', { WrappingAlgorithm: 'RSAES_OAEP_SHA_256' }),
    unless('kms:WrappingAlgorithm is RSA_AES_KEY_WRAP_SHA_256'),
  ],
  [
    'importer',
    'a wrapping key for a key that KMS made',
    () => parameters('AWS_KMS'),
    unless('kms:KeyOrigin is EXTERNAL'),
  ],
  ['importer', 'an import that does not expire', () => material('EXTERNAL', FOREVER), /token/],
  [
    'importer',
    'an import that expires',
    () => material('EXTERNAL', { ExpirationModel: 'KEY_MATERIAL_EXPIRES', ValidTo: new Date() }),
    unless('kms:ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE'),
  ],
  [
    'importer',
    'an import without an expiration model',
    () => material('EXTERNAL'),
    unless('kms:ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE'),
  ],
  [
    'importer',
    'an import into a key that KMS made',
    () => material('AWS_KMS', FOREVER),
    unless('kms:KeyOrigin is EXTERNAL'),
  ],
  ['operator', 'an import', () => material('EXTERNAL', FOREVER), /not authorized.*"$/],
  ['administrator', 'an import that expires', () => material('EXTERNAL'), /ValidTo|validTo/],
  ['service', 'the signature of a digest', () => signature(DIGEST), undefined],
  [
    'service',
    'the signature of a raw message',
    () => signature({ MessageType: 'RAW' }),
    unless('kms:MessageType is DIGEST'),
  ],
  [
    'service',
    'a signature without a message type',
    () => signature(),
    unless('kms:MessageType is DIGEST'),
  ],
  [
    'service',
    'a signature with another algorithm',
    () => signature({ ...DIGEST, SigningAlgorithm: 'ECDSA_SHA_384' }),
    unless('kms:SigningAlgorithm is ECDSA_SHA_256'),
  ],
])('%s, %s', async (who, _, ask, outcome) => {
  const got = await as(who, ask()).then(
    () => undefined,
    ({ message }: Error) => message,
  );
  const expected = outcome instanceof RegExp ? expect.stringMatching(outcome) : outcome;
  expect(got).toEqual(expected);
});
