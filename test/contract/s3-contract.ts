import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketEncryptionCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  S3Client,
  type S3ServiceException,
} from '@aws-sdk/client-s3';
import type { Contract } from './contract.ts';
import { type ContractEndpoint, freshBucketName } from './endpoint.ts';

/** What Cakeless relies on in S3, as tests. */
export function s3Contract({ it, open }: Contract): void {
  let endpoint: ContractEndpoint;
  let s3: S3Client;
  let Bucket: string;
  let versionedBucket: string;

  beforeAll(async () => {
    endpoint = await open();
    s3 = new S3Client({ ...endpoint.client, forcePathStyle: true, maxAttempts: 1 });
    versionedBucket = freshBucketName();
    await s3.send(new CreateBucketCommand({ Bucket: versionedBucket }));
    await s3.send(
      new PutBucketVersioningCommand({
        Bucket: versionedBucket,
        VersioningConfiguration: { Status: 'Enabled' },
      }),
    );
  });

  afterAll(async () => {
    await empty(versionedBucket);
    s3.destroy();
    await endpoint.close();
  });

  beforeEach(async () => {
    Bucket = freshBucketName();
    await s3.send(new CreateBucketCommand({ Bucket }));
  });

  afterEach(() => empty(Bucket));

  async function empty(name: string): Promise<void> {
    const { Versions = [], DeleteMarkers = [] } = await s3.send(
      new ListObjectVersionsCommand({ Bucket: name }),
    );
    const Objects = [...Versions, ...DeleteMarkers].map(({ Key, VersionId }) => ({
      Key,
      VersionId,
    }));
    if (Objects.length > 0) {
      await s3.send(new DeleteObjectsCommand({ Bucket: name, Delete: { Objects } }));
    }
    await s3.send(new DeleteBucketCommand({ Bucket: name }));
  }

  /**
   * Since April 2026 a new bucket of AWS accepts no keys of customers. An implementation that does not know this setting
   * accepts them always.
   */
  const allowCustomerKeys = async () => {
    const ServerSideEncryptionConfiguration = {
      Rules: [{ BlockedEncryptionTypes: { EncryptionType: ['NONE' as const] } }],
    };
    await s3
      .send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration }))
      .catch((error: S3ServiceException) => {
        if (error.name !== 'NotImplemented') throw error;
      });
  };
  const put = (Key: string, Body: string | Buffer, more: Partial<PutObjectCommandInput> = {}) =>
    s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
  const get = (Key: string) => s3.send(new GetObjectCommand({ Bucket, Key }));
  const text = (output: GetObjectCommandOutput) => output.Body?.transformToString();
  const refusal = (name: string, httpStatusCode: number) => ({
    name,
    $metadata: { httpStatusCode },
  });

  describe('objects', () => {
    it('are returned as they were stored, with type, metadata and ETag', async () => {
      const { ETag } = await put('a/b.csr', 'hello', {
        ContentType: 'application/pkcs10',
        Metadata: { origin: 'node-1' },
        CacheControl: 'no-store',
      });
      const output = await get('a/b.csr');
      expect(await text(output)).toBe('hello');
      expect(output).toMatchObject({
        ContentType: 'application/pkcs10',
        ContentLength: 5,
        CacheControl: 'no-store',
        Metadata: { origin: 'node-1' },
        ETag,
      });
      expect(ETag).toBe(`"${createHash('md5').update('hello').digest('hex')}"`);
      expect(await s3.send(new HeadObjectCommand({ Bucket, Key: 'a/b.csr' }))).toMatchObject({
        ContentLength: 5,
        ETag,
      });
    });

    it('may be empty', async () => {
      await put('empty', Buffer.alloc(0));
      expect(await text(await get('empty'))).toBe('');
    });

    it('can be streamed', async () => {
      const content = 'x'.repeat(200_000);
      const Body = Readable.from([content.slice(0, 70_000), content.slice(70_000)], {
        objectMode: false,
      });
      await s3.send(
        new PutObjectCommand({ Bucket, Key: 's', Body, ContentLength: content.length }),
      );
      expect(await text(await get('s'))).toBe(content);
    });

    it('that do not exist are NoSuchKey, and a missing bucket is NoSuchBucket', async () => {
      await expect(get('none')).rejects.toMatchObject(refusal('NoSuchKey', 404));
      await expect(
        s3.send(new GetObjectCommand({ Bucket: freshBucketName(), Key: 'none' })),
      ).rejects.toMatchObject(refusal('NoSuchBucket', 404));
      await expect(s3.send(new HeadObjectCommand({ Bucket, Key: 'none' }))).rejects.toMatchObject(
        refusal('NotFound', 404),
      );
    });

    it('can be deleted, and deleted again', async () => {
      await put('a', '1');
      for (const _time of ['once', 'twice']) {
        await s3.send(new DeleteObjectCommand({ Bucket, Key: 'a' }));
        await expect(get('a')).rejects.toMatchObject(refusal('NoSuchKey', 404));
      }
    });

    it('can be deleted in bulk, with names that need escaping in XML', async () => {
      const keys = ['a&b', '<c>', 'd"e', "f'g", 'plain'];
      for (const key of keys) await put(key, key);
      const Objects = keys.slice(0, 4).map((Key) => ({ Key }));
      const { Deleted } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
      expect(Deleted?.map(({ Key }) => Key)).toEqual(keys.slice(0, 4));
      const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket }));
      expect(Contents?.map(({ Key }) => Key)).toEqual(['plain']);
    });

    it('can be copied, with their metadata or with new metadata', async () => {
      await put('from here', 'content', { Metadata: { a: '1' } });
      const CopySource = `${Bucket}/from%20here`;
      await s3.send(new CopyObjectCommand({ Bucket, Key: 'same', CopySource }));
      await s3.send(
        new CopyObjectCommand({
          Bucket,
          Key: 'other',
          CopySource,
          MetadataDirective: 'REPLACE',
          Metadata: { b: '2' },
        }),
      );
      const same = await get('same');
      expect(await text(same)).toBe('content');
      expect(same.Metadata).toEqual({ a: '1' });
      expect((await get('other')).Metadata).toEqual({ b: '2' });
    });

    it.each([
      ['the first bytes', 'bytes=0-3', '0123', 'bytes 0-3/10'],
      ['the rest', 'bytes=7-', '789', 'bytes 7-9/10'],
      ['the last bytes', 'bytes=-2', '89', 'bytes 8-9/10'],
      ['beyond the end', 'bytes=8-99', '89', 'bytes 8-9/10'],
    ])('can be read in part: %s', async (_name, Range, expected, ContentRange) => {
      await put('digits', '0123456789');
      const output = await s3.send(new GetObjectCommand({ Bucket, Key: 'digits', Range }));
      expect(await text(output)).toBe(expected);
      expect(output).toMatchObject({ ContentRange, $metadata: { httpStatusCode: 206 } });
    });

    it('refuse a range that starts after their end', async () => {
      await put('digits', '0123456789');
      await expect(
        s3.send(new GetObjectCommand({ Bucket, Key: 'digits', Range: 'bytes=10-' })),
      ).rejects.toMatchObject(refusal('InvalidRange', 416));
    });
  });

  describe('conditional writes', () => {
    it('with If-None-Match: * create an object once', async () => {
      await put('once', 'first', { IfNoneMatch: '*' });
      await expect(put('once', 'second', { IfNoneMatch: '*' })).rejects.toMatchObject(
        refusal('PreconditionFailed', 412),
      );
      expect(await text(await get('once'))).toBe('first');
    });

    it('with If-Match replace the version that was read, and no other', async () => {
      const { ETag } = await put('k', 'first');
      await put('k', 'second', { IfMatch: ETag });
      await expect(put('k', 'third', { IfMatch: ETag })).rejects.toMatchObject(
        refusal('PreconditionFailed', 412),
      );
      await expect(put('none', 'x', { IfMatch: ETag })).rejects.toMatchObject(
        refusal('NoSuchKey', 404),
      );
    });

    it('have one winner among eight concurrent ones', async () => {
      const writers = Array.from({ length: 8 }, (_, writer) =>
        put('race', `writer ${writer}`, { IfNoneMatch: '*' }),
      );
      const results = await Promise.allSettled(writers);
      const winners = results.flatMap(({ status }, writer) =>
        status === 'fulfilled' ? [writer] : [],
      );
      expect(winners).toHaveLength(1);
      expect(await text(await get('race'))).toBe(`writer ${winners[0]}`);
    });

    it('can create an object again after a delete marker', async () => {
      const name = { Bucket: versionedBucket, Key: 'again' };
      await s3.send(new PutObjectCommand({ ...name, Body: '1', IfNoneMatch: '*' }));
      await s3.send(new DeleteObjectCommand(name));
      await s3.send(new PutObjectCommand({ ...name, Body: '2', IfNoneMatch: '*' }));
      expect(await text(await s3.send(new GetObjectCommand(name)))).toBe('2');
    });
  });

  describe('conditional reads', () => {
    it('return 304 if the reader has this version, and 412 if it asks for another', async () => {
      const { ETag } = await put('k', 'v');
      await expect(
        s3.send(new GetObjectCommand({ Bucket, Key: 'k', IfNoneMatch: ETag })),
      ).rejects.toMatchObject({ $metadata: { httpStatusCode: 304 } });
      await expect(
        s3.send(new GetObjectCommand({ Bucket, Key: 'k', IfMatch: '"other"' })),
      ).rejects.toMatchObject(refusal('PreconditionFailed', 412));
      expect(
        await text(await s3.send(new GetObjectCommand({ Bucket, Key: 'k', IfMatch: ETag }))),
      ).toBe('v');
    });
  });

  describe('checksums', () => {
    const algorithms = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const;

    it.each(algorithms)('%s is verified and kept', async (ChecksumAlgorithm) => {
      const member = `Checksum${ChecksumAlgorithm}` as const;
      await put('k', '123456789', { ChecksumAlgorithm });
      const described = await s3.send(
        new HeadObjectCommand({ Bucket, Key: 'k', ChecksumMode: 'ENABLED' }),
      );
      expect(described[member]).toBe(knownChecksums[ChecksumAlgorithm]);
      const wrong = Buffer.from(knownChecksums[ChecksumAlgorithm], 'base64').fill(1);
      await expect(put('k', 'other', { [member]: wrong.toString('base64') })).rejects.toMatchObject(
        { $metadata: { httpStatusCode: 400 } },
      );
      expect(await text(await get('k'))).toBe('123456789');
    });

    it.each(algorithms)('%s is returned to the uploader', async (ChecksumAlgorithm) => {
      const stored = await put('k', '123456789', { ChecksumAlgorithm });
      expect(stored[`Checksum${ChecksumAlgorithm}`]).toBe(knownChecksums[ChecksumAlgorithm]);
    });

    it('a wrong Content-MD5 stores nothing', async () => {
      const ContentMD5 = createHash('md5').update('other').digest('base64');
      await expect(put('k', 'v', { ContentMD5 })).rejects.toMatchObject(refusal('BadDigest', 400));
      await expect(get('k')).rejects.toMatchObject(refusal('NoSuchKey', 404));
    });
  });

  /** The check values of "123456789" from the CRC catalogue (reveng), and hashes of it by sha1sum and sha256sum. */
  const knownChecksums = {
    CRC32: Buffer.from('cbf43926', 'hex').toString('base64'),
    CRC32C: Buffer.from('e3069283', 'hex').toString('base64'),
    CRC64NVME: Buffer.from('ae8b14860a799888', 'hex').toString('base64'),
    SHA1: Buffer.from('f7c3bc1d808e04732adf679965ccc34ca7ae3441', 'hex').toString('base64'),
    SHA256: Buffer.from(
      '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225',
      'hex',
    ).toString('base64'),
  };

  describe('listings', () => {
    const list = (more: object) => s3.send(new ListObjectsV2Command({ Bucket, ...more }));
    const keys = ['a', 'b/1', 'b/2', 'b/c/3', 'd e', 'z', 'é', '\uffee', '\u{1f512}'];
    beforeEach(async () => {
      for (const key of [...keys].reverse()) await put(key, key);
    });

    it('are in the order of UTF-8 bytes', async () => {
      const { Contents, KeyCount, IsTruncated } = await list({});
      expect(Contents?.map(({ Key }) => Key)).toEqual(keys);
      expect({ KeyCount, IsTruncated }).toEqual({ KeyCount: keys.length, IsTruncated: false });
    });

    it.each([
      ['a prefix', { Prefix: 'b/' }, ['b/1', 'b/2', 'b/c/3'], []],
      ['a delimiter', { Delimiter: '/', Prefix: 'b/' }, ['b/1', 'b/2'], ['b/c/']],
      ['a delimiter at the top', { Delimiter: '/', MaxKeys: 2 }, ['a'], ['b/']],
      ['a key to start after', { StartAfter: 'b/2', MaxKeys: 2 }, ['b/c/3', 'd e'], []],
      ['a limit of zero keys', { MaxKeys: 0 }, [], []],
    ])('accept %s', async (_name, more, expectedKeys, expectedPrefixes) => {
      const { Contents = [], CommonPrefixes = [] } = await list(more);
      expect(Contents.map(({ Key }) => Key)).toEqual(expectedKeys);
      expect(CommonPrefixes.map(({ Prefix }) => Prefix)).toEqual(expectedPrefixes);
    });

    it('come in pages, with no key twice and none missing', async () => {
      const seen: (string | undefined)[] = [];
      let ContinuationToken: string | undefined;
      do {
        const page = await list({ Delimiter: '/', MaxKeys: 1, ContinuationToken });
        seen.push(...(page.Contents ?? []).map(({ Key }) => Key));
        seen.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix));
        ContinuationToken = page.NextContinuationToken;
      } while (ContinuationToken !== undefined);
      expect(seen).toEqual(['a', 'b/', 'd e', 'z', 'é', '\uffee', '\u{1f512}']);
    });

    it('can be percent-encoded', async () => {
      const { Contents } = await list({ Prefix: 'd', EncodingType: 'url' });
      expect(
        Contents?.map(({ Key }) => decodeURIComponent(Key?.replaceAll('+', ' ') ?? '')),
      ).toEqual(['d e']);
    });
  });

  describe('storage classes', () => {
    it('of an object are in its HEAD and in listings, except for STANDARD in HEAD', async () => {
      await put('class/cold', 'c', { StorageClass: 'STANDARD_IA' });
      await put('class/standard', 's', { StorageClass: 'STANDARD' });
      const head = async (Key: string) =>
        (await s3.send(new HeadObjectCommand({ Bucket, Key }))).StorageClass;
      expect([await head('class/cold'), await head('class/standard')]).toEqual([
        'STANDARD_IA',
        undefined,
      ]);
      const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'class/' }));
      expect(Contents?.map(({ StorageClass }) => StorageClass)).toEqual([
        'STANDARD_IA',
        'STANDARD',
      ]);
      expect(await text(await get('class/cold'))).toBe('c');
    });

    it.each(['GLACIER', 'DEEP_ARCHIVE'] as const)(
      'of an archive (%s) keep the content from readers, but not the size',
      async (StorageClass) => {
        await put('archived', 'four', { StorageClass });
        await expect(get('archived')).rejects.toMatchObject(refusal('InvalidObjectState', 403));
        expect(await s3.send(new HeadObjectCommand({ Bucket, Key: 'archived' }))).toMatchObject({
          ContentLength: 4,
          StorageClass,
        });
      },
    );

    it('of an archive keep the content from copies', async () => {
      await put('archived', 'four', { StorageClass: 'GLACIER' });
      const CopySource = `${Bucket}/archived`;
      await expect(
        s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource })),
      ).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
    });

    it('that do not exist are refused', async () => {
      const StorageClass = 'LUKEWARM' as 'STANDARD';
      await expect(put('k', 'v', { StorageClass })).rejects.toMatchObject(
        refusal('InvalidStorageClass', 400),
      );
    });
  });

  describe('encryption', () => {
    it('is by S3 itself unless the writer asks for another one', async () => {
      const responses = [
        await put('plain', 'v'),
        await s3.send(new HeadObjectCommand({ Bucket, Key: 'plain' })),
        await get('plain'),
      ];
      expect(responses.map(({ ServerSideEncryption }) => ServerSideEncryption)).toEqual([
        'AES256',
        'AES256',
        'AES256',
      ]);
    });

    it('with the key of S3 in KMS is in every response, with the key', async () => {
      await put('sealed', 'v', { ServerSideEncryption: 'aws:kms' });
      const sealed = {
        ServerSideEncryption: 'aws:kms',
        SSEKMSKeyId: expect.stringMatching(/^arn:/),
      };
      expect(await get('sealed')).toMatchObject(sealed);
      expect(await s3.send(new HeadObjectCommand({ Bucket, Key: 'sealed' }))).toMatchObject(sealed);
    });

    it("with the customer's key keeps content and metadata from readers without it", async () => {
      const secret = randomBytes(32);
      const key = {
        SSECustomerAlgorithm: 'AES256',
        SSECustomerKey: secret.toString('base64'),
        SSECustomerKeyMD5: createHash('md5').update(secret).digest('base64'),
      };
      await allowCustomerKeys();
      await put('theirs', 'four', key);
      const Key = 'theirs';
      await expect(get(Key)).rejects.toMatchObject(refusal('InvalidRequest', 400));
      await expect(s3.send(new HeadObjectCommand({ Bucket, Key }))).rejects.toMatchObject({
        $metadata: { httpStatusCode: 400 },
      });
      expect(await s3.send(new HeadObjectCommand({ Bucket, Key, ...key }))).toMatchObject({
        ContentLength: 4,
        SSECustomerKeyMD5: key.SSECustomerKeyMD5,
      });
      expect(await text(await s3.send(new GetObjectCommand({ Bucket, Key, ...key })))).toBe('four');
    });

    it('with an unknown algorithm is refused', async () => {
      const ServerSideEncryption = 'rot13' as 'AES256';
      await expect(put('k', 'v', { ServerSideEncryption })).rejects.toMatchObject({
        $metadata: { httpStatusCode: 400 },
      });
    });
  });

  it('the ACL of an object can only be that of the owner of the bucket', async () => {
    await put('k', 'v', { ACL: 'bucket-owner-full-control' });
    await expect(put('k', 'v', { ACL: 'public-read' })).rejects.toMatchObject(
      refusal('AccessControlListNotSupported', 400),
    );
    await expect(
      put('k', 'v', { GrantRead: 'uri="http://acs.amazonaws.com/groups/global/AllUsers"' }),
    ).rejects.toMatchObject(refusal('AccessControlListNotSupported', 400));
  });

  describe('tags', () => {
    it('are returned on request', async () => {
      await put('tagged', 'v', { Tagging: 'team=a%20b&empty=' });
      const { TagSet } = await s3.send(new GetObjectTaggingCommand({ Bucket, Key: 'tagged' }));
      expect(TagSet).toEqual([
        { Key: 'team', Value: 'a b' },
        { Key: 'empty', Value: '' },
      ]);
    });

    it('are counted in HEAD', async () => {
      await put('tagged', 'v', { Tagging: 'a=1&b=2' });
      const { TagCount } = await s3.send(new HeadObjectCommand({ Bucket, Key: 'tagged' }));
      expect(TagCount).toBe(2);
    });

    it('have distinct keys', async () => {
      await expect(put('k', 'v', { Tagging: 'a=1&a=2' })).rejects.toMatchObject(
        refusal('InvalidTag', 400),
      );
    });
  });

  describe('versions', () => {
    it('are all kept; a delete only hides them', async () => {
      const name = { Bucket: versionedBucket, Key: 'versions/k' };
      const first = await s3.send(new PutObjectCommand({ ...name, Body: 'one' }));
      const second = await s3.send(new PutObjectCommand({ ...name, Body: 'two' }));
      const marker = await s3.send(new DeleteObjectCommand(name));
      expect(marker.DeleteMarker).toBe(true);
      await expect(s3.send(new GetObjectCommand(name))).rejects.toMatchObject(
        refusal('NoSuchKey', 404),
      );
      const old = await s3.send(new GetObjectCommand({ ...name, VersionId: first.VersionId }));
      expect(await text(old)).toBe('one');

      const listed = await s3.send(
        new ListObjectVersionsCommand({ Bucket: versionedBucket, Prefix: 'versions/' }),
      );
      expect(listed.Versions?.map(({ VersionId }) => VersionId)).toEqual([
        second.VersionId,
        first.VersionId,
      ]);
      expect(listed.DeleteMarkers).toMatchObject([{ IsLatest: true, VersionId: marker.VersionId }]);

      await s3.send(new DeleteObjectCommand({ ...name, VersionId: marker.VersionId }));
      expect(await text(await s3.send(new GetObjectCommand(name)))).toBe('two');
      await s3.send(new DeleteObjectCommand({ ...name, VersionId: second.VersionId }));
      expect(await text(await s3.send(new GetObjectCommand(name)))).toBe('one');
    });

    it('are a single null version in a bucket that keeps none', async () => {
      await put('k', '1');
      const { VersionId } = await put('k', '2');
      expect(VersionId).toBeUndefined();
      const { Versions } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
      expect(Versions).toMatchObject([{ Key: 'k', VersionId: 'null', IsLatest: true, Size: 1 }]);
    });
  });

  describe('buckets', () => {
    it('are listed, are found, and have a location', async () => {
      const { Buckets } = await s3.send(new ListBucketsCommand({}));
      expect(Buckets?.map(({ Name }) => Name)).toContain(Bucket);
      await s3.send(new HeadBucketCommand({ Bucket }));
      const { LocationConstraint } = await s3.send(new GetBucketLocationCommand({ Bucket }));
      expect(LocationConstraint).toBe(endpoint.client.region);
    });

    it('have no versioning until it is enabled', async () => {
      const status = async (name: string) =>
        (await s3.send(new GetBucketVersioningCommand({ Bucket: name }))).Status;
      expect(await status(Bucket)).toBeUndefined();
      expect(await status(versionedBucket)).toBe('Enabled');
    });

    it('cannot be created twice, or deleted while they hold objects', async () => {
      await expect(s3.send(new CreateBucketCommand({ Bucket }))).rejects.toMatchObject(
        refusal('BucketAlreadyOwnedByYou', 409),
      );
      await put('k', 'v');
      await expect(s3.send(new DeleteBucketCommand({ Bucket }))).rejects.toMatchObject(
        refusal('BucketNotEmpty', 409),
      );
    });
  });
}
