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

const HINT = /declare the trust domain there, or specify keys that it allows this function to use$/;

it.each([
  ['look for keys', {}, ['GetPublicKey']],
  ['make keys', { GetPublicKey: 'NotFoundException' }, ['GetPublicKey', 'CreateKey']],
])('a function that may not %s says where keys come from', async (_, errors, wanted) => {
  const { keys, calls } = refusing(errors);
  const making = keys.ensure({ trustDomain: 'prod', ca: 'ca', version: 1 }, 'ECC_NIST_P256');
  await expect(making).rejects.toMatchObject({
    code: 'not-allowed',
    message: expect.stringMatching(HINT),
  });
  expect(calls).toEqual(wanted);
});

it('a specified key that may not be used is reported without that advice', async () => {
  const { keys } = refusing({});
  await expect(keys.find('arn:1')).rejects.toMatchObject({
    code: 'not-allowed',
    message: expect.stringMatching(
      /^KMS GetPublicKey arn:1: AccessDeniedException: .*GetPublicKey$/,
    ),
  });
});

it('a transient failure is reported without that advice', async () => {
  const { keys } = refusing({ GetPublicKey: 'ThrottlingException' });
  await expect(
    keys.ensure({ trustDomain: 'prod', ca: 'ca', version: 1 }, 'ECC_NIST_P256'),
  ).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.not.stringMatching(HINT),
  });
});
