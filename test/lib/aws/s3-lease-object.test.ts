/** A node may list its own prefixes only: S3 then says 403 of an object that is not there. */
import type { S3Client } from '@aws-sdk/client-s3';
import { S3LeaseObject } from '../../../lib/aws/s3-lease-object.ts';

const KEY = 'leases/prod.json';
const denied = (what: string) =>
  Object.assign(new Error(`not authorized to perform: s3:${what}`), {
    name: 'AccessDenied',
    $metadata: { httpStatusCode: 403 },
  });

/** A bucket that refuses every GET, and lists these keys; undefined refuses the listing too. */
function refusing(listed: readonly string[] | undefined) {
  const prefixes: unknown[] = [];
  const client = {
    send: async (command: { constructor: { name: string }; input: { Prefix?: string } }) => {
      if (command.constructor.name !== 'ListObjectsV2Command') throw denied('GetObject');
      prefixes.push(command.input.Prefix);
      if (!listed) throw denied('ListBucket');
      return { Contents: listed.map((Key) => ({ Key })) };
    },
  };
  return { lease: new S3LeaseObject(client as unknown as S3Client, 'exchange', KEY), prefixes };
}

it.each([[[]], [[`${KEY}.old`]]])('no lease in the listing %p: nobody holds it', async (listed) => {
  const { lease, prefixes } = refusing(listed);
  await expect(lease.read()).resolves.toBeUndefined();
  expect(prefixes).toEqual([KEY]);
});

it('a lease that is there and may not be read is an error, never a free lease', async () => {
  await expect(refusing([KEY]).lease.read()).rejects.toMatchObject({
    code: 'not-allowed',
    message: expect.stringContaining('GetObject exchange/leases/prod.json'),
  });
});

it('and so is a listing that is refused', async () => {
  await expect(refusing(undefined).lease.read()).rejects.toMatchObject({
    code: 'not-allowed',
    message: expect.stringContaining('ListObjectsV2'),
  });
});
