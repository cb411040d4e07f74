import { Fault } from '../fault.ts';

interface SdkError {
  readonly name?: string;
  readonly message?: string;
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $retryable?: unknown;
}

/** KMS says ThrottlingException (https://docs.aws.amazon.com/kms/latest/developerguide/throttling.html). */
const THROTTLES = ['ThrottlingException', 'TooManyRequestsException'];

/** KMS says so with status 400; they pass (https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html). */
const PASSING = new Set([
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

/** What an SDK error means for us. Nothing of the request goes into the message. */
export function toFault(what: string, error: unknown): Fault {
  const {
    name = 'Error',
    message = '',
    code,
    $metadata,
    $retryable,
  }: SdkError = error instanceof Error ? error : {};
  const status = $metadata?.httpStatusCode;
  const text = `${what}: ${name}: ${message}`;
  // No status: no answer was had at all (DNS, connection refused or reset, time-out).
  const noAnswer = status === undefined && (code !== undefined || name === 'TimeoutError');
  const passing =
    noAnswer ||
    PASSING.has(name) ||
    $retryable !== undefined ||
    status === 429 ||
    (status ?? 0) >= 500;
  return new Fault(passing ? 'unavailable' : 'not-allowed', text, error);
}

/** Whether a service says that it is asked too often. */
export function isThrottle(error: unknown): boolean {
  return error instanceof Error && (THROTTLES.includes(error.name) || statusOf(error) === 429);
}

/** The error's HTTP status, if there was an answer. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof Error ? (error as SdkError).$metadata?.httpStatusCode : undefined;
}
