import { isS3Event, readS3Event } from '../../functions/s3-events.ts';

const KEY = 'requests/prod/cp-1/r1/pki/apiserver.csr';
const UPLOADER = 'AWS:AROAEXAMPLE:i-0abc';
const record = (key: unknown, eventName = 'ObjectCreated:Put') => ({
  eventVersion: '2.1',
  eventSource: 'aws:s3',
  eventName,
  userIdentity: { principalId: UPLOADER },
  s3: { bucket: { name: 'exchange' }, object: { key, size: 1, eTag: 'e1', sequencer: '0A' } },
});
const event = (...records: unknown[]) => ({ Records: records });

it.each(['ObjectCreated:Put', 'ObjectCreated:Copy', 'ObjectCreated:CompleteMultipartUpload'])(
  'an event %s has the bucket, the key, the writer and the ETag',
  (eventName) => {
    expect(readS3Event(event(record(KEY, eventName)))).toEqual([
      { bucket: 'exchange', key: KEY, principal: UPLOADER, eTag: 'e1' },
    ]);
  },
);

it('a deletion is not a write', () => {
  expect(readS3Event(event(record(KEY, 'ObjectRemoved:Delete')))).toEqual([]);
});

it('decodes keys as S3 encodes them in events', () => {
  const keys = ['requests/a%2Bb/c+d/e%25/%C3%A4.csr', 'requests%2Fx/y'];
  expect(readS3Event(event(...keys.map((key) => record(key)))).map(({ key }) => key)).toEqual([
    'requests/a+b/c d/e%/ä.csr',
    'requests/x/y',
  ]);
});

it('several records are several objects, in order', () => {
  const keys = readS3Event(event(record(KEY), record(`${KEY}2`))).map(({ key }) => key);
  expect(keys).toEqual([KEY, `${KEY}2`]);
});

it("S3's test event is about no object", () => {
  expect(readS3Event({ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'b' })).toEqual([]);
});

it.each([
  ['nothing', undefined],
  ['null', null],
  ['no records', {}],
  ['records of something else', { Records: [{ dynamodb: {} }] }],
  ['another source', event({ ...record(KEY), eventSource: 'aws:sns' })],
  ['no bucket', event({ ...record(KEY), s3: { object: { key: KEY } } })],
  ['a key that is not text', event(record(1))],
  ['an invalid percent encoding', event(record('requests/%zz'))],
])('an event of %s is an error', (_, value) => {
  expect(() => readS3Event(value)).toThrow();
});

it.each([
  ['an event of S3', event(record(KEY)), true],
  ['the event of a schedule', { source: 'aws.events', detail: {} }, false],
  ['an empty one', {}, false],
])('%s: S3 sends it: %#', (_, value, expected) => expect(isS3Event(value)).toBe(expected));
