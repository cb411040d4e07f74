/** What KmsCaKeys reports when KMS denies access. */
import type { KMSClient } from '@aws-sdk/client-kms';
import { KmsCaKeys } from '../../../lib/aws/kms-ca-keys.ts';

/** A client whose calls fail with these errors, by the command's name; access is denied to the others. */
function refusing(errors: Record<string, string>) {
  const calls: string[] = [];
  const client = {
    send: async (command: object) => {
      const name = command.constructor.name.replace(/Command$/, '');
      calls.push(name);
      throw Object.assign(new Error(`not authorized to perform: kms:${name}`), {
        name: errors[name] ?? 'AccessDeniedException',
        $metadata: { httpStatusCode: 400 },
      });
    },
  };
  return { keys: new KmsCaKeys(client as unknown as KMSClient), calls };
}

const NAME = { trustDomain: 'prod', ca: 'ca', version: 1 } as const;
const HINT = /declare the trust domain there, or specify keys that it allows this function to use$/;

it.each([
  ['look for keys', {}, ['DescribeKey']],
  ['make keys', { DescribeKey: 'NotFoundException' }, ['DescribeKey', 'CreateKey']],
])('a function that may not %s says where keys come from', async (_, errors, wanted) => {
  const { keys, calls } = refusing(errors);
  const making = keys.ensure(NAME, 'ECC_NIST_P256');
  await expect(making).rejects.toMatchObject({
    code: 'not-allowed',
    message: expect.stringMatching(HINT),
  });
  expect(calls).toEqual(wanted);
});

it('a specified key that may not be used is reported without that advice', async () => {
  const { keys } = refusing({});
  await expect(keys.findMade('arn:1', NAME)).rejects.toMatchObject({
    code: 'not-allowed',
    message: expect.stringMatching(/^KMS DescribeKey arn:1: AccessDeniedException: .*DescribeKey$/),
  });
});

it('a transient failure is reported without that advice', async () => {
  const { keys } = refusing({ DescribeKey: 'ThrottlingException' });
  await expect(keys.ensure(NAME, 'ECC_NIST_P256')).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.not.stringMatching(HINT),
  });
});

describe('a key for an import', () => {
  const metadata = (more: object = {}) => ({
    KeyMetadata: {
      Arn: 'arn:1',
      KeyId: '1',
      KeySpec: 'RSA_2048',
      KeyUsage: 'SIGN_VERIFY',
      KeyState: 'PendingImport',
      Origin: 'EXTERNAL',
      ...more,
    },
  });

  /** A client that gives these answers, by the command's name; a function is asked at each call. */
  function answering(answers: Record<string, () => object>) {
    const inputs: [string, unknown][] = [];
    const client = {
      send: async (command: { input: unknown; constructor: { name: string } }) => {
        const name = command.constructor.name.replace(/Command$/, '');
        inputs.push([name, command.input]);
        return answers[name]?.();
      },
    };
    return { keys: new KmsCaKeys(client as unknown as KMSClient), inputs };
  }

  const notFound = () => {
    throw Object.assign(new Error('no such alias'), { name: 'NotFoundException' });
  };

  const publicKey = Buffer.from('spki');
  const hasPublicKey = () => ({
    KeyId: 'arn:1',
    KeySpec: 'RSA_2048',
    KeyUsage: 'SIGN_VERIFY',
    PublicKey: publicKey,
  });

  it.each(['', 'made by hand', 'Cakeless: ca of trust domain prod'])(
    'with the description %j may be that of the CA',
    async (Description) => {
      const { keys } = answering({ DescribeKey: () => metadata({ Description }) });
      expect(await keys.importState('arn:1', NAME)).toMatchObject({ keyId: 'arn:1' });
    },
  );

  it.each([
    ['PendingImport', { state: 'pending-import' }],
    ['Enabled', { state: 'imported', publicKey }],
  ])('in state %s is %j', async (KeyState, more) => {
    const { keys } = answering({
      DescribeKey: () => metadata({ KeyState }),
      GetPublicKey: hasPublicKey,
    });
    const found = { keyId: 'arn:1', keySpec: 'RSA_2048', ...more };
    expect(await keys.importState('alias/x', NAME)).toEqual(found);
    expect(await keys.ensureImportable(NAME, 'RSA_2048')).toEqual(found);
  });

  it.each([
    ['that is to be deleted', { KeyState: 'PendingDeletion' }, /its state is PendingDeletion$/],
    ['whose private key KMS made', { Origin: 'AWS_KMS' }, /only keys with the origin EXTERNAL/],
    [
      'whose private key will expire',
      { KeyState: 'Enabled', ExpirationModel: 'KEY_MATERIAL_EXPIRES' },
      /would lose its private key/,
    ],
    ['that encrypts', { KeyUsage: 'ENCRYPT_DECRYPT' }, /a CA needs a key for SIGN_VERIFY/],
    ['of another key spec', { KeySpec: 'ECC_SECG_P256K1' }, /one of ECC_NIST_P256, /],
    [
      'of another trust domain',
      { Description: 'Cakeless: ca of trust domain fleet' },
      /is the key of ca of trust domain fleet, by its description$/,
    ],
    [
      'of another CA',
      { Description: 'Cakeless: etcd-ca of trust domain prod, version 1' },
      /is the key of etcd-ca of trust domain prod, by its description$/,
    ],
  ])('%s is refused', async (_, more, message) => {
    const { keys } = answering({ DescribeKey: () => metadata(more) });
    await expect(keys.importState('arn:1', NAME)).rejects.toMatchObject({
      code: 'request-malformed',
      message: expect.stringMatching(message),
    });
  });

  it('that does not exist is created without key material, with the alias of the CA', async () => {
    let isCreated = false;
    const { keys, inputs } = answering({
      DescribeKey: () => (isCreated ? metadata() : notFound()),
      CreateKey: () => metadata(),
      CreateAlias: () => {
        isCreated = true;
        return {};
      },
    });
    await keys.ensureImportable(NAME, 'RSA_2048');
    expect(inputs).toMatchObject([
      ['DescribeKey', { KeyId: 'alias/cakeless/prod/ca' }],
      ['CreateKey', { Origin: 'EXTERNAL', KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' }],
      ['CreateAlias', { AliasName: 'alias/cakeless/prod/ca', TargetKeyId: '1' }],
      ['DescribeKey', { KeyId: 'alias/cakeless/prod/ca' }],
    ]);
  });

  it('with the alias of the CA but another key spec is refused', async () => {
    const { keys } = answering({ DescribeKey: () => metadata() });
    await expect(keys.ensureImportable(NAME, 'ECC_NIST_P256')).rejects.toThrow(
      /is a RSA_2048 key, and the private key of ca is ECC_NIST_P256/,
    );
  });

  it('that is named but does not exist is refused', async () => {
    const { keys } = answering({ DescribeKey: notFound });
    await expect(keys.importState('arn:9', NAME)).rejects.toThrow('KMS has no key arn:9');
  });

  it.each(['PendingImport', 'Enabled'])(
    'in state %s is no key of a CA that is made, and one call is enough to say what to run instead',
    async (KeyState) => {
      const { keys, inputs } = answering({
        DescribeKey: () => metadata({ KeyState }),
        GetPublicKey: hasPublicKey,
      });
      const refused = {
        code: 'request-malformed',
        message: expect.stringMatching(/keeps its certificate: run cakeless trust-domain adopt /),
      };
      await expect(keys.ensure(NAME, 'RSA_2048')).rejects.toMatchObject(refused);
      await expect(keys.findMade('arn:1', NAME)).rejects.toMatchObject(refused);
      expect(inputs.map(([name]) => name)).toEqual(['DescribeKey', 'DescribeKey']);
    },
  );
});
