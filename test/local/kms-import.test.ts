/** Imports into keys of `cakeless local` at other times, and after a restart. */
import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { wrapPrivateKey } from '../../lib/ca/wrap-key.ts';
import { readJsonInput } from '../../local/json-input.ts';
import { KeyStore } from '../../local/kms/key-store.ts';
import { kmsOperations } from '../../local/kms/kms-operations.ts';
import type { Principal } from '../../local/principals.ts';
import { systemTimers } from '../../local/surroundings.ts';

const HOUR_MS = 3_600_000;
const START = Date.parse('2027-01-01T00:00:00Z');
const administrator: Principal = {
  name: 'administrator',
  principalId: 'AIDA',
  accessKeyId: 'AKIA',
  secretAccessKey: '',
  description: '',
  statements: [{ actions: ['*'], resources: ['*'] }],
};
const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const pkcs8 = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'der' });
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

let folder: string;
let now: number;
let call: (operation: string, input: object) => Promise<Record<string, never>>;

async function start(): Promise<void> {
  const surroundings = {
    region: 'eu-central-1',
    accountId: '000000000000',
    now: () => new Date(now),
    random: randomBytes,
    timers: systemTimers,
    log: () => undefined,
  };
  const operations = kmsOperations(await KeyStore.open(folder), surroundings);
  call = async (operation, input) => {
    const body = readJsonInput(Buffer.from(JSON.stringify(input)));
    return (await operations[operation]?.(body, administrator)) as Record<string, never>;
  };
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cakeless-kms-'));
  now = START;
  await start();
});
afterEach(() => rmSync(folder, { recursive: true }));

async function createKey(): Promise<string> {
  const input = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY', Origin: 'EXTERNAL' };
  const { KeyMetadata } = await call('CreateKey', input);
  return (KeyMetadata as unknown as { KeyId: string }).KeyId;
}

const parametersOf = async (KeyId: string) =>
  call('GetParametersForImport', {
    KeyId,
    WrappingAlgorithm: 'RSA_AES_KEY_WRAP_SHA_256',
    WrappingKeySpec: 'RSA_2048',
  });

/** An import that is complete but for its expiration. */
async function importOf(KeyId: string, key: KeyObject): Promise<object> {
  const { ImportToken, PublicKey = '' } = await parametersOf(KeyId);
  const wrapped = wrapPrivateKey(pkcs8(key), Buffer.from(PublicKey, 'base64'), randomBytes);
  return { KeyId, ImportToken, EncryptedKeyMaterial: base64(wrapped) };
}

const FOR_EVER = { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' };
const metadata = async (KeyId: string) => (await call('DescribeKey', { KeyId })).KeyMetadata;
const publicKeyOf = async (KeyId: string) => (await call('GetPublicKey', { KeyId })).PublicKey;
const spki = (key: KeyObject) =>
  base64(createPublicKey(key).export({ type: 'spki', format: 'der' }));

it.each<[string, number, string | undefined]>([
  ['works for 24 hours', 24 * HOUR_MS - 1, undefined],
  ['no longer works after 24 hours', 24 * HOUR_MS, 'ExpiredImportTokenException'],
])('a token %s, also over a restart', async (_, elapsed, refusal) => {
  const KeyId = await createKey();
  const request = await importOf(KeyId, newKey());
  now += elapsed;
  await start();
  const imported = call('ImportKeyMaterial', { ...request, ...FOR_EVER });
  if (refusal) await expect(imported).rejects.toMatchObject({ code: refusal });
  else await expect(imported).resolves.toMatchObject({ KeyId: expect.stringContaining(KeyId) });
});

it('imported material is there after a restart, and still the only one', async () => {
  const [KeyId, key] = [await createKey(), newKey()];
  await call('ImportKeyMaterial', { ...(await importOf(KeyId, key)), ...FOR_EVER });
  await start();
  expect(await publicKeyOf(KeyId)).toBe(spki(key));
  const other = { ...(await importOf(KeyId, newKey())), ...FOR_EVER };
  await expect(call('ImportKeyMaterial', other)).rejects.toMatchObject({
    code: 'IncorrectKeyMaterialException',
  });
});

it('of two imports at the same time one binds the key', async () => {
  const KeyId = await createKey();
  const requests = await Promise.all([newKey(), newKey()].map((key) => importOf(KeyId, key)));
  const outcomes = await Promise.allSettled(
    requests.map((request) => call('ImportKeyMaterial', { ...request, ...FOR_EVER })),
  );
  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
});

it('material that expires is gone on its day, until it is imported again', async () => {
  const [KeyId, key] = [await createKey(), newKey()];
  const ValidTo = (START + HOUR_MS) / 1000;
  const expiring = { ExpirationModel: 'KEY_MATERIAL_EXPIRES', ValidTo };
  await call('ImportKeyMaterial', { ...(await importOf(KeyId, key)), ...expiring });
  expect(await metadata(KeyId)).toMatchObject({ KeyState: 'Enabled', ...expiring });
  now += HOUR_MS;
  expect(await metadata(KeyId)).toMatchObject({ KeyState: 'PendingImport', Enabled: false });
  expect(await metadata(KeyId)).not.toHaveProperty('ExpirationModel');
  await expect(publicKeyOf(KeyId)).rejects.toMatchObject({ code: 'KMSInvalidStateException' });
  await call('ImportKeyMaterial', { ...(await importOf(KeyId, key)), ...FOR_EVER });
  expect(await publicKeyOf(KeyId)).toBe(spki(key));
});

it.each(['DisableKey', 'Sign'])('a key that waits for its import refuses %s', async (operation) => {
  const input = { KeyId: await createKey(), Message: '', SigningAlgorithm: 'ECDSA_SHA_256' };
  await expect(call(operation, input)).rejects.toMatchObject({ code: 'KMSInvalidStateException' });
});

it('imports name a key by its id or ARN, never by an alias', async () => {
  const TargetKeyId = await createKey();
  await call('CreateAlias', { AliasName: 'alias/ca', TargetKeyId });
  await expect(parametersOf('alias/ca')).rejects.toMatchObject({ code: 'NotFoundException' });
});
