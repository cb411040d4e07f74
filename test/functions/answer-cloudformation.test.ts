import type { Context } from 'aws-lambda';
import { answerCloudFormation, mayAnswer } from '../../functions/answer-cloudformation.ts';
import { trustDomainResource } from '../../functions/trust-domain-resource.ts';
import { REQUEST_MALFORMED } from '../../lib/environment-names.ts';
import { lambdaContext } from '../support/running-service-lambda.ts';

const URL =
  'https://cloudformation-custom-resource-response-eucentral1.s3.eu-central-1.amazonaws.com/answer?signature=1';
const KEYS = { ca: 'arn:1', 'etcd-ca': 'arn:2', 'front-proxy-ca': 'arn:3' };

const event = (more: object = {}) => ({
  RequestType: 'Create',
  ServiceToken: 'arn:aws:lambda:eu-central-1:123456789012:function:cakeless-create-ca',
  ResponseURL: URL,
  StackId: 'stack',
  RequestId: 'request',
  LogicalResourceId: 'Certificates',
  ResourceType: 'Custom::CakelessTrustDomain',
  ResourceProperties: {
    ServiceToken: 'arn',
    ServiceTimeout: '600',
    trustDomain: 'prod',
    keys: KEYS,
    validityDays: '1825',
  },
  ...more,
});

/** A handler that fails with each of these errors in turn, and then succeeds. */
async function run(input: unknown, failures: Error[] = []) {
  const calls: unknown[] = [];
  const answers: { url: string; body: Record<string, unknown> }[] = [];
  const pauses: number[] = [];
  const handler = answerCloudFormation(
    async (request) => {
      calls.push(request);
      const failure = failures[calls.length - 1];
      if (failure) throw failure;
      return { created: true };
    },
    trustDomainResource,
    {
      mayAnswer: (url) => mayAnswer(url, undefined),
      send: async (url, body) => void answers.push({ url, body: JSON.parse(body) }),
      sleep: async (milliseconds) => void pauses.push(milliseconds),
    },
  );
  const result = await handler(input, lambdaContext as Context, () => {});
  return { calls, answers, pauses, result };
}

it('calls create-ca with the properties of the resource, numbers as numbers, and answers CloudFormation', async () => {
  const { calls, answers } = await run(event());
  expect(calls).toEqual([
    { trustDomain: 'prod', cas: Object.keys(KEYS), keys: KEYS, validityDays: 1825 },
  ]);
  expect(answers).toEqual([
    {
      url: URL,
      body: {
        Status: 'SUCCESS',
        PhysicalResourceId: 'cakeless-trust-domain-prod',
        StackId: 'stack',
        RequestId: 'request',
        LogicalResourceId: 'Certificates',
      },
    },
  ]);
});

it('an update keeps the physical id, so that CloudFormation deletes nothing', async () => {
  const { calls, answers } = await run(
    event({ RequestType: 'Update', PhysicalResourceId: 'what-it-was' }),
  );
  expect(calls).toHaveLength(1);
  expect(answers[0]?.body).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'what-it-was' });
});

it('a deletion changes nothing and succeeds', async () => {
  const { calls, answers } = await run(event({ RequestType: 'Delete', PhysicalResourceId: 'id' }));
  expect(calls).toEqual([]);
  expect(answers[0]?.body).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'id' });
});

it('retries while new permissions have not taken effect everywhere', async () => {
  const denied = new Error('KMS GetPublicKey: AccessDeniedException');
  const { calls, answers, pauses } = await run(event(), [denied, denied]);
  expect(calls).toHaveLength(3);
  expect(pauses).toEqual([5000, 10_000]);
  expect(answers[0]?.body).toMatchObject({ Status: 'SUCCESS' });
});

it('gives up after the last attempt, and says why', async () => {
  const denied = new Error(`KMS GetPublicKey: AccessDeniedException ${'x'.repeat(5000)}`);
  const { calls, answers, pauses } = await run(event(), Array(9).fill(denied));
  expect(calls).toHaveLength(5);
  expect(pauses.reduce((sum, pause) => sum + pause)).toBeLessThan(120_000);
  expect(answers[0]?.body).toMatchObject({
    Status: 'FAILED',
    Reason: expect.stringMatching(/^KMS GetPublicKey: AccessDeniedException x+$/),
    PhysicalResourceId: 'cakeless-trust-domain-prod',
  });
  expect(JSON.stringify(answers[0]?.body).length).toBeLessThan(4096);
});

it('does not retry a request that cannot be carried out: another key for an existing CA', async () => {
  const refused = Object.assign(new Error('existing CAs are not changed'), {
    name: REQUEST_MALFORMED,
  });
  const { calls, answers } = await run(event({ RequestType: 'Update' }), [refused]);
  expect(calls).toHaveLength(1);
  expect(answers[0]?.body).toMatchObject({
    Status: 'FAILED',
    Reason: 'existing CAs are not changed',
  });
});

it('passes other events to the handler unchanged, and returns its result', async () => {
  const { calls, answers, result } = await run({ trustDomain: 'prod' });
  expect(calls).toEqual([{ trustDomain: 'prod' }]);
  expect(answers).toEqual([]);
  expect(result).toEqual({ created: true });
  await expect(run({ trustDomain: 'prod' }, [new Error('no')])).rejects.toThrow('no');
});

it.each([
  ['a bucket of CloudFormation', URL, undefined, true],
  [
    'a bucket of CloudFormation in the form of older regions',
    'https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/x',
    undefined,
    true,
  ],
  [
    'a bucket in China',
    'https://cloudformation-custom-resource-response-cnnorth1.s3.cn-north-1.amazonaws.com.cn/x',
    undefined,
    true,
  ],
  ['plain HTTP', URL.replace('https', 'http'), undefined, false],
  ['another bucket', 'https://evil.s3.amazonaws.com/x', undefined, false],
  [
    'a host that only starts like one',
    'https://cloudformation-custom-resource-response-x.s3.amazonaws.com.evil.example/x',
    undefined,
    false,
  ],
  ['the metadata service', 'http://169.254.169.254/latest', undefined, false],
  [
    'a stand-in that the SDK is configured with',
    'https://127.0.0.1:4566/x',
    'https://127.0.0.1:4566',
    true,
  ],
  ['another port of its host', 'https://127.0.0.1:1/x', 'https://127.0.0.1:4566', false],
])('may respond to %s', (_, url, endpoint, expected) => {
  expect(mayAnswer(url, endpoint)).toBe(expected);
});

it('does nothing and sends nothing for an address outside CloudFormation', async () => {
  await expect(run(event({ ResponseURL: 'https://evil.example/x' }))).rejects.toThrow(
    'evil.example is not a CloudFormation endpoint',
  );
});
