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

/** The SDK has no name or code for it (@smithy/config-resolver). */
const REGION_MISSING = 'Region is missing';

/** Turns an SDK error into a `Fault`. The message contains nothing from the request. */
export function toFault(what: string, error: unknown): Fault {
  const {
    name = 'Error',
    message = '',
    code,
    $metadata,
    $retryable,
  }: SdkError = error instanceof Error ? error : {};
  if (message === REGION_MISSING)
    return new Fault('not-configured', `${what}: the AWS region is not set`, error);
  const status = $metadata?.httpStatusCode;
  const text = `${what}: ${name}: ${message}`;
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
