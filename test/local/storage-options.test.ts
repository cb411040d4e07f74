/** Options of PutObject that decide who can read the object: what each does, and who may use it. */
import { createHash, randomBytes } from 'node:crypto';
import {
  CopyObjectCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { readCustomerKey } from '../../local/s3/customer-key.ts';
import type { RunningLocal } from '../../local/server.ts';
import { principalOf, s3As, start, temporaryFolder, tidyUp } from './stand-in.ts';

afterEach(tidyUp);

const refusal = (name: string, httpStatusCode: number) => ({ name, $metadata: { httpStatusCode } });
const CSR = { Bucket: 'exchange', Key: 'requests/blue/cp1/r1/pki/apiserver.csr' };

function customerKey(key = randomBytes(32)) {
  return {
    SSECustomerAlgorithm: 'AES256',
    SSECustomerKey: key.toString('base64'),
    SSECustomerKeyMD5: createHash('md5').update(key).digest('base64'),
  };
}

/** With a node, an auditor, and an administrator who can upload anything. */
async function fleet(dataDir?: string) {
  const local = await start({ notifications: [], ...(dataDir !== undefined && { dataDir }) });
  const admin = s3As(local);
  const record = JSON.stringify({ nodes: [{ name: 'cp1' }] });
  await admin.send(
    new PutObjectCommand({ Bucket: 'authority', Key: 'clusters/blue.json', Body: record }),
  );
  const as = (name: string) => s3As(local, principalOf(local, name));
  return { local, admin, as };
}

const put = (s3: S3Client, more: Partial<PutObjectCommandInput>) =>
  s3.send(new PutObjectCommand({ ...CSR, Body: 'csr', IfNoneMatch: '*', ...more }));

const KEY = 'arn:aws:kms:eu-central-1:999999999999:key/theirs';

/** What a node could set to make its request unreadable, or to leave marks. */
const OPTIONS: Readonly<Record<string, [Partial<PutObjectCommandInput>, words: string]>> = {
  'an archive': [{ StorageClass: 'DEEP_ARCHIVE' }, 'storage class'],
  'another storage class': [{ StorageClass: 'STANDARD_IA' }, 'storage class'],
  'a key of another account': [{ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: KEY }, 'encryption'],
  'the key of S3 in KMS': [{ ServerSideEncryption: 'aws:kms' }, 'encryption'],
  'a key that only it knows': [customerKey(), 'encryption'],
  'an ACL': [{ ACL: 'public-read' }, 'ACL'],
  'a grant': [{ GrantRead: 'uri="http://acs.amazonaws.com/groups/global/AllUsers"' }, 'ACL'],
  tags: [{ Tagging: 'a=b' }, 'tags'],
  'a lock': [{ ObjectLockLegalHoldStatus: 'ON' }, 'lock'],
};

describe('a node may not upload with', () => {
  it.each(Object.entries(OPTIONS))('%s', async (_, [options, words]) => {
    const { as } = await fleet();
    await expect(put(as('node:blue/cp1'), options)).rejects.toMatchObject({
      ...refusal('AccessDenied', 403),
      message: `node:blue/cp1 is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::exchange/${CSR.Key}" with ${words}`,
    });
  });

  it('anything but what S3 does anyway', async () => {
    const { as } = await fleet();
    await put(as('node:blue/cp1'), {
      StorageClass: 'STANDARD',
      ServerSideEncryption: 'AES256',
      ACL: 'bucket-owner-full-control',
    });
  });
});

describe('an object with a key of KMS', () => {
  it('can be read only by those who may use the key', async () => {
    const { admin, as } = await fleet();
    await put(admin, { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: KEY });
    const sealed = { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: KEY };
    expect(await admin.send(new GetObjectCommand(CSR))).toMatchObject(sealed);
    for (const name of ['service', 'auditor']) {
      await expect(as(name).send(new GetObjectCommand(CSR))).rejects.toMatchObject({
        ...refusal('AccessDenied', 403),
        message: `${name} is not authorized to perform: kms:Decrypt on resource: "${KEY}"`,
      });
      // its metadata is not encrypted
      expect(await as(name).send(new HeadObjectCommand(CSR))).toMatchObject(sealed);
    }
  });

  it('can be read by everyone if it is the key of S3', async () => {
    const { admin, as } = await fleet();
    await put(admin, { ServerSideEncryption: 'aws:kms' });
    const { Body } = await as('service').send(new GetObjectCommand(CSR));
    expect(await Body?.transformToString()).toBe('csr');
  });

  it('names the key by its ARN, however the writer named it', async () => {
    const { admin } = await fleet();
    for (const [name, arn] of [
      ['1234', 'arn:aws:kms:eu-central-1:000000000000:key/1234'],
      ['alias/mine', 'arn:aws:kms:eu-central-1:000000000000:alias/mine'],
      [KEY, KEY],
    ] as const) {
      const sealed = { ServerSideEncryption: 'aws:kms' as const, SSEKMSKeyId: name };
      const written = await put(admin, { ...sealed, Key: name });
      expect(written.SSEKMSKeyId).toBe(arn);
    }
  });

  it('cannot be written with a key and another encryption', async () => {
    const { admin } = await fleet();
    await expect(put(admin, { SSEKMSKeyId: KEY })).rejects.toMatchObject(
      refusal('InvalidArgument', 400),
    );
  });
});

describe("an object with a customer's key", () => {
  it('can be read, and its metadata too, only with the key', async () => {
    const { admin, as } = await fleet();
    const key = customerKey();
    const { SSECustomerKeyMD5 } = key;
    expect(await put(admin, key)).toMatchObject({
      SSECustomerAlgorithm: 'AES256',
      SSECustomerKeyMD5,
    });
    const { Body } = await admin.send(new GetObjectCommand({ ...CSR, ...key }));
    expect(await Body?.transformToString()).toBe('csr');
    expect(await admin.send(new HeadObjectCommand({ ...CSR, ...key }))).toMatchObject({
      ContentLength: 3,
      SSECustomerKeyMD5,
    });
    await expect(as('service').send(new GetObjectCommand(CSR))).rejects.toMatchObject({
      ...refusal('InvalidRequest', 400),
      message:
        'The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.',
    });
    await expect(as('service').send(new HeadObjectCommand(CSR))).rejects.toMatchObject({
      $metadata: { httpStatusCode: 400 },
    });
    const wrong = { ...CSR, ...customerKey() };
    await expect(admin.send(new GetObjectCommand(wrong))).rejects.toMatchObject(
      refusal('AccessDenied', 403),
    );
    await expect(
      admin.send(
        new CopyObjectCommand({ Bucket: 'exchange', Key: 'c', CopySource: `exchange/${CSR.Key}` }),
      ),
    ).rejects.toMatchObject(refusal('InvalidRequest', 400));
  });

  it.each([
    ['no algorithm', { SSECustomerAlgorithm: undefined }],
    ['another algorithm', { SSECustomerAlgorithm: 'ROT13' }],
    ['a short key', { SSECustomerKey: 'c2hvcnQ=' }],
    ['another encryption as well', { ServerSideEncryption: 'aws:kms' as const }],
  ])('cannot be written with %s', async (_, changed) => {
    const { admin } = await fleet();
    await expect(put(admin, { ...customerKey(), ...changed })).rejects.toMatchObject(
      refusal('InvalidArgument', 400),
    );
  });

  it.each([
    ['the MD5 of another key', customerKey().SSECustomerKeyMD5],
    ['no MD5', undefined],
  ])('cannot be written with %s, which SDK clients compute', (_, md5) => {
    const name = 'x-amz-server-side-encryption-customer';
    const headers = new Map([
      [`${name}-algorithm`, 'AES256'],
      [`${name}-key`, customerKey().SSECustomerKey],
      ...(md5 === undefined ? [] : [[`${name}-key-md5`, md5] as const]),
    ]);
    expect(() => readCustomerKey(headers)).toThrow(/MD5/);
  });

  it('is the only kind that is read with one', async () => {
    const { admin } = await fleet();
    await put(admin, {});
    await expect(
      admin.send(new GetObjectCommand({ ...CSR, ...customerKey() })),
    ).rejects.toMatchObject(refusal('InvalidRequest', 400));
  });
});

it('options survive a restart, and are those of each version', async () => {
  const dataDir = await temporaryFolder();
  const versioned = { Bucket: 'authority', Key: 'k' };
  const options = { StorageClass: 'STANDARD_IA', ServerSideEncryption: 'aws:kms' } as const;
  const first = await fleet(dataDir);
  const { VersionId } = await put(first.admin, { ...versioned, ...options, Tagging: 'a=b' });
  await put(first.admin, { ...versioned, IfNoneMatch: undefined });
  await first.local.close();
  const { admin }: { admin: S3Client; local: RunningLocal } = await fleet(dataDir);
  expect(await admin.send(new HeadObjectCommand({ ...versioned, VersionId }))).toMatchObject({
    ...options,
    TagCount: 1,
  });
  const tagging = await admin.send(new GetObjectTaggingCommand({ ...versioned, VersionId }));
  expect(tagging.TagSet).toEqual([{ Key: 'a', Value: 'b' }]);
  const { Versions } = await admin.send(
    new ListObjectVersionsCommand({ Bucket: 'authority', Prefix: 'k' }),
  );
  expect(Versions?.map(({ StorageClass }) => StorageClass)).toEqual(['STANDARD', 'STANDARD_IA']);
});

it('a copy has the options of its request, and the tags of the original unless replaced', async () => {
  const { admin } = await fleet();
  await put(admin, { StorageClass: 'STANDARD_IA', Tagging: 'a=b' });
  const CopySource = `exchange/${CSR.Key}`;
  const copy = { Bucket: 'exchange', CopySource };
  await admin.send(new CopyObjectCommand({ ...copy, Key: 'one' }));
  await admin.send(
    new CopyObjectCommand({
      ...copy,
      Key: 'two',
      StorageClass: 'GLACIER_IR',
      TaggingDirective: 'REPLACE',
      Tagging: '',
    }),
  );
  const heads = ['one', 'two'].map((Key) =>
    admin.send(new HeadObjectCommand({ Bucket: 'exchange', Key })),
  );
  expect(
    (await Promise.all(heads)).map(({ StorageClass, TagCount }) => [StorageClass, TagCount]),
  ).toEqual([
    [undefined, 1],
    ['GLACIER_IR', undefined],
  ]);
});

it.each([
  ['too many tags', Array.from({ length: 11 }, (_, n) => `k${n}=v`).join('&'), 'BadRequest'],
  ['a tag without a key', '=v', 'InvalidTag'],
  ['a key that is too long', `${'k'.repeat(129)}=v`, 'InvalidTag'],
  ['a value that is too long', `k=${'v'.repeat(257)}`, 'InvalidTag'],
])('refuses %s', async (_, Tagging, name) => {
  const { admin } = await fleet();
  await expect(put(admin, { Tagging })).rejects.toMatchObject(refusal(name, 400));
});
