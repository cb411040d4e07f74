import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type PutObjectCommandInput,
  PutObjectTaggingCommand,
} from '@aws-sdk/client-s3';
import {
  finishedFiles,
  makeFolder,
  removeDurably,
  writeDurably,
} from '../../lib/files/durable-file.ts';
import { readXml } from '../../local/s3/xml-read.ts';
import { s3As, start, temporaryFolder, tidyUp } from './stand-in.ts';

afterEach(tidyUp);

describe('a key', () => {
  const keys: [string, string][] = [
    ['that climbs', '../../../etc/passwd'],
    ['that climbs from within', 'a/../../b'],
    ['that is a folder of another', 'a'],
    ['that is in a folder of the same name', 'a/b'],
    ['that ends in a slash', 'a/'],
    ['that begins with a slash', '/etc/passwd'],
    ['with NUL', 'a\0b'],
    ['with control characters', 'a\u0001\r\n\tb'],
    ['of dots', '..'],
    ['of one dot', '.'],
    ['of 1024 bytes', 'k'.repeat(1024)],
    ['of 1024 bytes in 256 characters', '\u{1f512}'.repeat(256)],
    ['with a percent sign', 'a%2e%2e%2fb'],
    ['that another one composes', 'e\u0301'],
    ['that is composed', 'é'],
    ['in capitals', 'A'],
    ['with characters that are special in URLs and XML', '?a=b&c#d+e <f> "g" \'h\''],
    ['with the name of a folder of ours', 'objects'],
    ['with the name of a prototype', '__proto__'],
  ];

  it('can be any text: each is a separate object, and none is used as a path', async () => {
    const dataDir = await temporaryFolder();
    const first = await start({ dataDir, notifications: [] });
    for (const [name, Key] of keys) {
      await s3As(first).send(new PutObjectCommand({ Bucket: 'exchange', Key, Body: name }));
    }
    await first.close();
    const local = await start({ dataDir, notifications: [] });
    for (const [name, Key] of keys) {
      const { Body } = await s3As(local).send(new GetObjectCommand({ Bucket: 'exchange', Key }));
      expect(await Body?.transformToString()).toBe(name);
    }
    const { Contents } = await s3As(local).send(
      new ListObjectsV2Command({ Bucket: 'exchange', EncodingType: 'url' }),
    );
    const listed = Contents?.map(({ Key }) => decodeURIComponent(Key ?? ''));
    expect(new Set(listed)).toEqual(new Set(keys.map(([, key]) => key)));
    for (const file of await readdir(join(dataDir, 's3', 'exchange', 'objects'))) {
      expect(file).toMatch(/^[0-9a-f]{64}\.null$/);
    }
  });

  it('of 1025 bytes is too long', async () => {
    const local = await start();
    await expect(
      s3As(local).send(
        new PutObjectCommand({ Bucket: 'exchange', Key: 'k'.repeat(1025), Body: 'x' }),
      ),
    ).rejects.toMatchObject({ name: 'KeyTooLongError' });
  });
});

describe('a write', () => {
  const put = async (input: Partial<PutObjectCommandInput>) => {
    const local = await start({ maxObjectBytes: 1000 });
    return s3As(local).send(
      new PutObjectCommand({ Bucket: 'exchange', Key: 'k', Body: 'x', ...input }),
    );
  };
  it.each([
    ['beyond the size limit', { Body: 'x'.repeat(1001) }, 'EntityTooLarge'],
    ['far beyond the size limit', { Body: 'x'.repeat(100_000) }, 'EntityTooLarge'],
    ['with too much metadata', { Metadata: { a: 'x'.repeat(2048) } }, 'MetadataTooLarge'],
    ['that asks for a lock', { ObjectLockLegalHoldStatus: 'ON' as const }, 'InvalidRequest'],
    ['with a bucket key', { BucketKeyEnabled: true }, 'NotImplemented'],
    ['that redirects', { WebsiteRedirectLocation: '/other' }, 'NotImplemented'],
    ['for another owner', { ExpectedBucketOwner: '111111111111' }, 'AccessDenied'],
    ['with a condition that is not supported', { IfNoneMatch: '"abc"' }, 'NotImplemented'],
  ])('%s is refused', async (_name, input, name) => {
    await expect(put(input)).rejects.toMatchObject({ name });
  });

  it('with an operation that is not implemented is refused as NotImplemented', async () => {
    const local = await start();
    const input = { Bucket: 'exchange', Key: 'k', Tagging: { TagSet: [] } };
    await expect(s3As(local).send(new PutObjectTaggingCommand(input))).rejects.toMatchObject({
      name: 'NotImplemented',
    });
  });

  it('of eight that race on different connections: exactly one wins, every time', async () => {
    const local = await start({ notifications: [] });
    const clients = Array.from({ length: 8 }, () => s3As(local));
    for (const Key of ['a', 'b', 'c', 'd', 'e']) {
      const results = await Promise.allSettled(
        clients.map((client, n) =>
          client.send(
            new PutObjectCommand({ Bucket: 'authority', Key, Body: `${n}`, IfNoneMatch: '*' }),
          ),
        ),
      );
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    }
  });
});

describe('a durable file', () => {
  it('is written whole, and leaves no other file', async () => {
    const folder = join(await temporaryFolder(), 'a', 'b');
    await makeFolder(folder);
    await Promise.all(['one', 'two'].map((text) => writeDurably(join(folder, 'f'), [text, text])));
    expect(await readFile(join(folder, 'f'), 'utf8')).toMatch(/^(oneone|twotwo)$/);
    expect(await readdir(folder)).toEqual(['f']);
    await removeDurably(join(folder, 'f'));
    await removeDurably(join(folder, 'f'));
    expect(await readdir(folder)).toEqual([]);
  });

  it('ignores and removes what a killed writer left half-written', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'f'), 'whole');
    await writeFile(join(folder, 'f.1-1.tmp'), 'ha');
    expect(await finishedFiles(folder)).toEqual(['f']);
    expect(await readdir(folder)).toEqual(['f']);
  });

  it('leaves nothing behind if it cannot replace its target', async () => {
    const folder = await temporaryFolder();
    await makeFolder(join(folder, 'taken', 'full'));
    await expect(writeDurably(join(folder, 'taken'), 'x')).rejects.toThrow();
    expect(await readdir(dirname(join(folder, 'taken')))).toEqual(['taken']);
  });
});

describe('a document of a client', () => {
  it('is read with its entities', () => {
    const read = readXml(
      '<?xml version="1.0"?><A x="1"><B>a&lt;&#x41;&#66;&amp;lt;</B><C/></A>',
      'A',
    );
    expect(read.children).toMatchObject([
      { name: 'B', text: 'a<AB&lt;' },
      { name: 'C', text: '' },
    ]);
  });

  it.each([
    ['another root', '<B/>'],
    ['two roots', '<A/><A/>'],
    ['an open element', '<A><B></A>'],
    ['a document type', '<!DOCTYPE A [<!ENTITY b "c">]><A>&b;</A>'],
    ['an undeclared entity', '<A>&b;</A>'],
    ['a code point beyond Unicode', '<A>&#x110000;</A>'],
    ['nothing', ''],
    ['too many levels', '<A>'.repeat(50) + '</A>'.repeat(50)],
  ])('with %s is MalformedXML', (_name, text) => {
    expect(() => readXml(text, 'A')).toThrow(expect.objectContaining({ code: 'MalformedXML' }));
  });
});
