/** What an error of the SDK means: wait, correct a setting, or ask for permission. */
import { toFault } from '../../../lib/aws/to-fault.ts';

const sdkError = (message: string, more: object) => Object.assign(new Error(message), more);
const response = (httpStatusCode: number) => ({ $metadata: { httpStatusCode } });

it.each([
  ['no region', sdkError('Region is missing', {}), 'not-configured', 'the AWS region is not set'],
  [
    'an endpoint that is not a URL',
    sdkError('Invalid URL', { code: 'ERR_INVALID_URL' }),
    'not-configured',
    'AWS_ENDPOINT_URL is not a URL',
  ],
  [
    'an expired session',
    sdkError('The SSO session has expired', { name: 'CredentialsProviderError' }),
    'not-configured',
    'CredentialsProviderError: The SSO session has expired',
  ],
  [
    'a bucket in another region',
    sdkError('use the other endpoint', { name: 'PermanentRedirect', ...response(301) }),
    'not-configured',
    'PermanentRedirect: use the other endpoint',
  ],
  [
    'a region other than that of the bucket',
    sdkError("the region 'us-east-1' is wrong", {
      name: 'AuthorizationHeaderMalformed',
      ...response(400),
    }),
    'not-configured',
    "AuthorizationHeaderMalformed: the region 'us-east-1' is wrong",
  ],
  [
    'a closed port',
    sdkError('connect ECONNREFUSED 127.0.0.1:1', { code: 'ECONNREFUSED' }),
    'unavailable',
    'Error: connect ECONNREFUSED 127.0.0.1:1',
  ],
  [
    'missing permissions',
    sdkError('no', { name: 'AccessDenied', ...response(403) }),
    'not-allowed',
    'AccessDenied: no',
  ],
])('%s', (_, error, code, problem) => {
  expect(toFault('S3 GetObject', error)).toMatchObject({
    code,
    message: `S3 GetObject: ${problem}`,
    cause: error,
  });
});
