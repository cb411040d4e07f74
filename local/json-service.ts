import { AwsError, type AwsErrorCode } from './aws-error.ts';
import type { LocalRequest, LocalResponse } from './http/message.ts';
import { type JsonInput, readJsonInput } from './json-input.ts';
import type { Principal } from './principals.ts';

/** The operations of a service that speaks an AWS JSON protocol, by name. */
export type JsonOperations = Readonly<
  Record<string, (input: JsonInput, principal: Principal) => Promise<object> | object>
>;

/**
 * Handles a request of an AWS JSON protocol: X-Amz-Target names the service, then the operation.
 * https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
 */
export async function handleJson(
  operations: JsonOperations,
  targetPrefix: string,
  request: LocalRequest,
  principal: Principal,
  body: Buffer,
): Promise<LocalResponse> {
  const target = request.headers.get('x-amz-target') ?? '';
  const [prefix, name = ''] = target.split('.');
  const operation = Object.hasOwn(operations, name) ? operations[name] : undefined;
  if (prefix !== targetPrefix || operation === undefined || request.method !== 'POST') {
    throw new AwsError(
      'UnknownOperationException',
      `${target || request.method} is not implemented by this stand-in`,
    );
  }
  const output = await operation(readJsonInput(body), principal);
  return {
    status: 200,
    headers: { 'content-type': request.headers.get('content-type') ?? 'application/json' },
    body: JSON.stringify(output),
  };
}

/** Names that JSON services give to errors common to all services (CommonErrors in each API reference). */
const jsonNames: Partial<Record<AwsErrorCode, string>> = {
  AccessDenied: 'AccessDeniedException',
  AuthorizationHeaderMalformed: 'IncompleteSignatureException',
  AuthorizationQueryParametersError: 'IncompleteSignatureException',
  InternalError: 'InternalFailure',
  InvalidAccessKeyId: 'UnrecognizedClientException',
  InvalidToken: 'UnrecognizedClientException',
  RequestTimeTooSkewed: 'InvalidSignatureException',
  SignatureDoesNotMatch: 'InvalidSignatureException',
  XAmzContentSHA256Mismatch: 'InvalidSignatureException',
};

/** SQS clients still look for the error names of the query protocol, in a separate header. */
const queryNames: Partial<Record<AwsErrorCode, string>> = {
  BatchEntryIdsNotDistinct: 'AWS.SimpleQueueService.BatchEntryIdsNotDistinct',
  BatchRequestTooLong: 'AWS.SimpleQueueService.BatchRequestTooLong',
  EmptyBatchRequest: 'AWS.SimpleQueueService.EmptyBatchRequest',
  InvalidBatchEntryId: 'AWS.SimpleQueueService.InvalidBatchEntryId',
  QueueDoesNotExist: 'AWS.SimpleQueueService.NonExistentQueue',
  TooManyEntriesInBatchRequest: 'AWS.SimpleQueueService.TooManyEntriesInBatchRequest',
};

/** The error response of a JSON service. The name is in a header too, where Lambda clients look for it. */
export function jsonFailure(error: AwsError): LocalResponse {
  const name = jsonNames[error.code] ?? error.code;
  return {
    status: error.status,
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amzn-errortype': name,
      'x-amzn-query-error': `${queryNames[error.code] ?? name};Sender`,
      ...error.headers,
    },
    body: JSON.stringify({ __type: name, message: error.message, Message: error.message }),
  };
}
