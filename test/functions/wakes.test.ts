import { readStandingApprovals, readWakes, wakeMessage } from '../../functions/wakes.ts';

const KEY = 'requests/prod/cp-1/r1/pki/apiserver.csr';
const UPLOADER = 'AWS:AROAEXAMPLE:i-0abc';
const record = (key: string, eventName = 'ObjectCreated:Put') => ({
  eventVersion: '2.1',
  eventName,
  userIdentity: { principalId: UPLOADER },
  s3: { bucket: { name: 'exchange' }, object: { key, size: 1, sequencer: '0A' } },
});
const body = (...records: unknown[]) => JSON.stringify({ Records: records });

it.each(['ObjectCreated:Put', 'ObjectCreated:Copy', 'ObjectCreated:CompleteMultipartUpload'])(
  'an event %s of a request has its key and its uploader',
  (eventName) => {
    expect(readWakes(body(record(KEY, eventName)))).toEqual([{ key: KEY, uploader: UPLOADER }]);
  },
);

it('decodes keys as S3 encodes them in events', () => {
  const keys = ['requests/a%2Bb/c+d/e%25/%C3%A4.csr', 'requests%2Fx/y'];
  expect(readWakes(body(...keys.map((key) => record(key)))).map(({ key }) => key)).toEqual([
    'requests/a+b/c d/e%/ä.csr',
    'requests/x/y',
  ]);
});

it('several records are several wake-ups, in order', () => {
  expect(readWakes(body(record(KEY), record(`${KEY}2`)))).toHaveLength(2);
});

it('an approval wakes its request and names no uploader', () => {
  const key = `approvals/${KEY}/${'a'.repeat(64)}/AROAAPPROVER:alice.json`;
  expect(readWakes(body(record(key)))).toEqual([{ key: KEY }]);
});

it.each([
  'approvals/standing/prod/AIDAALICE.json',
  'approvals/requests/x.json',
  'certificates/x.crt',
  'other',
])('an event of %s wakes nothing', (key) => expect(readWakes(body(record(key)))).toEqual([]));

it('only a standing approval names its cluster', () => {
  const keys = [
    'approvals/standing/prod/AIDAALICE.json',
    'approvals/standing/A_B/AIDAALICE.json',
    KEY,
  ];
  expect(readStandingApprovals(body(...keys.map((key) => record(key))))).toEqual(['prod']);
});

it("S3's test event wakes nothing", () => {
  expect(readWakes('{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}')).toEqual([]);
});

it('reads the key in a message of the reconcile function', () => {
  const odd = 'requests/prod/cp-1/r1/a b+c%.csr';
  expect(readWakes(wakeMessage(odd))).toEqual([{ key: odd, uploader: undefined }]);
});

it.each([
  ['no JSON', 'hello'],
  ['nothing', ''],
  ['null', 'null'],
  ['no records', '{}'],
  ['records of something else', '{"Records":[{"dynamodb":{}}]}'],
  ['a key that is not text', body(record(1 as unknown as string))],
  ['an invalid percent encoding', body(record('requests/%zz'))],
])('a body of %s is an error, and ends in the dead-letter queue', (_, text) => {
  expect(() => readWakes(text)).toThrow();
});
