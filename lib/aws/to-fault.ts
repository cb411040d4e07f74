import { Fault } from '../fault.ts';

interface SdkError {
  readonly name?: string;
  readonly message?: string;
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $retryable?: unknown;
}

/** KMS's is ThrottlingException (https://docs.aws.amazon.com/kms/latest/developerguide/throttling.html). */
const THROTTLES = ['ThrottlingException', 'TooManyRequestsException'];

/**
 * Worth a retry whatever their HTTP status; those of KMS have 400
 * (https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html).
 */
const TRANSIENT = new Set([
  ...THROTTLES,
  'LimitExceededException',
  'DependencyTimeoutException',
  'KMSInternalException',
  'KeyUnavailableException',
  'RequestTimeout',
  'SlowDown',
  'ConditionalRequestConflict',
  'OperationAborted',
  'TimeoutError',
]);

/**
 * Settings that a person has to correct on this machine, recognized by what the SDK or a service says if they are
 * wrong.
 */
const SETTINGS: readonly {
  readonly is: (error: SdkError) => boolean;
  /** What is wrong; by default the error's own words. */
  readonly problem?: string;
}[] = [
  {
    // The SDK has neither a name nor a code for it (@smithy/config-resolver); an empty region is an invalid one to it.
    is: ({ message }) =>
      message === 'Region is missing' ||
      message?.startsWith('Region not accepted: region=""') === true,
    problem: 'the AWS region is not set',
  },
  {
    is: ({ message }) => message?.startsWith('Region not accepted: ') === true,
    problem: 'the AWS region is not the name of a region',
  },
  { is: ({ code }) => code === 'ERR_INVALID_URL', problem: 'AWS_ENDPOINT_URL is not a URL' },
  // thrown before anything is sent; an expired session of SSO says so in its message
  { is: ({ name }) => name === 'CredentialsProviderError' || name === 'TokenProviderError' },
  { is: ({ name }) => name === 'InsecureConnectionError' }, // require-tls.ts
  // https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
  {
    is: ({ name = '' }) =>
      ['NoSuchBucket', 'PermanentRedirect', 'AuthorizationHeaderMalformed'].includes(name),
  },
];

/** Turns an SDK error into a `Fault`. The message contains nothing from the request. */
export function toFault(what: string, error: unknown): Fault {
  const known: SdkError = error instanceof Error ? error : {};
  const { name = 'Error', message = '', code, $metadata, $retryable } = known;
  const text = `${what}: ${name}: ${message}`;
  const setting = SETTINGS.find(({ is }) => is(known));
  if (setting !== undefined) {
    const { problem } = setting;
    return new Fault('not-configured', problem === undefined ? text : `${what}: ${problem}`, error);
  }
  const status = $metadata?.httpStatusCode;
  // No status: there was no response (DNS failure, connection refused or reset, timeout).
  const noAnswer = status === undefined && (code !== undefined || name === 'TimeoutError');
  const transient =
    noAnswer ||
    TRANSIENT.has(name) ||
    $retryable !== undefined ||
    status === 429 ||
    (status ?? 0) >= 500;
  return new Fault(transient ? 'unavailable' : 'not-allowed', text, error);
}

/** Whether the service reported that it is throttling. */
export function isThrottle(error: unknown): boolean {
  return error instanceof Error && (THROTTLES.includes(error.name) || statusOf(error) === 429);
}

/** The error's HTTP status, if there was a response. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof Error ? (error as SdkError).$metadata?.httpStatusCode : undefined;
}

/** The service's own code for the error, such as `NoSuchBucket`. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? error.name : undefined;
}
