import { readWakeMessage, wakeMessage } from '../../functions/wake-message.ts';

const KEY = 'requests/prod/cp-1/r1/pki/apiserver.csr';
const UPLOAD = { principal: 'AWS:AROAEXAMPLE:i-0abc', eTag: 'e1' };

it('what triage sends is what sign reads', () => {
  expect(readWakeMessage(wakeMessage(KEY, UPLOAD).body)).toEqual({
    key: KEY,
    uploader: UPLOAD.principal,
    eTag: UPLOAD.eTag,
  });
});

it('a message of reconcile names no uploader, and its key may have any characters', () => {
  const odd = 'requests/prod/cp-1/r1/a b+c%ä.csr';
  expect(readWakeMessage(wakeMessage(odd).body)).toEqual({
    key: odd,
    uploader: undefined,
    eTag: undefined,
  });
});

// SQS takes no U+FFFE, U+FFFF or control characters: one such key would stop reconcile for every cluster
it.each([
  '\uffff',
  '\ufffe',
  '\u0000\u0001\u000b',
  '\u007f\u0085\u2028',
  'ä',
  '\u{1f511}\u{10ffff}',
])('a message with a key of any characters has only those that SQS takes: %j', (characters) => {
  const odd = `requests/prod/cp-1/${characters}.csr`;
  const { body } = wakeMessage(odd);
  expect(body).toMatch(/^[ -~]+$/);
  expect(readWakeMessage(body).key).toBe(odd);
});

describe('the group of a message', () => {
  const groupOf = (key: string) => wakeMessage(key).group;

  it('is the folder that only its node can write', () => {
    expect(groupOf(KEY)).toBe('prod/cp-1');
    expect(groupOf('requests/prod/users/r1/user.csr')).toBe('prod/users');
    expect(groupOf('requests/prod/cp-1/NOT A REQUEST')).toBe('prod/cp-1');
  });

  it('differs between nodes whose names differ only in their last characters', () => {
    const long = 'x'.repeat(200);
    const groups = ['a', 'b'].map((end) => groupOf(`requests/prod/${long}${end}/r1/a.csr`));
    expect(new Set(groups).size).toBe(2);
  });

  it.each([
    ['names of the greatest length', `requests/${'a'.repeat(253)}/${'b'.repeat(253)}/r/x.csr`],
    ['characters that SQS does not accept', 'requests/ä b/ü/r/x.csr'],
    ['no folders', 'requests/'],
  ])('is one that SQS accepts: %s', (_, key) => {
    expect(groupOf(key)).toMatch(/^[!-~]{1,128}$/);
  });
});

it.each([
  ['no JSON', 'hello'],
  ['nothing', ''],
  ['an event of S3', JSON.stringify({ Records: [{ s3: { object: { key: KEY } } }] })],
  ['another version', JSON.stringify({ version: 2, request: KEY })],
  ['a key that is not under requests/', JSON.stringify({ version: 1, request: 'records/x' })],
  ['half an upload', JSON.stringify({ version: 1, request: KEY, upload: { principal: 'x' } })],
  ['an unknown field', JSON.stringify({ version: 1, request: KEY, uploader: 'x' })],
])('a body of %s is an error, and ends in the dead-letter queue', (_, body) => {
  expect(() => readWakeMessage(body)).toThrow();
});
