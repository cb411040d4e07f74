import { AwsError } from './aws-error.ts';
import type { FunctionHost } from './functions/function-host.ts';
import { handleInvoke } from './functions/lambda-service.ts';
import type { RequestHandler } from './http/listener.ts';
import type { LocalRequest, LocalResponse } from './http/message.ts';
import { handleJson, type JsonOperations, jsonFailure } from './json-service.ts';
import type { PrincipalBook } from './principals.ts';
import type { S3Surroundings } from './s3/call.ts';
import { handleS3, s3Failure } from './s3/service.ts';
import { authenticate, type Caller } from './signature/authenticate.ts';
import type { Payload } from './signature/body.ts';
import { readClaim } from './signature/claim.ts';
import { openPayload } from './signature/payload.ts';
import { handleSts, speaksQuery, stsFailure } from './sts.ts';

/** The services behind the endpoint. */
export interface Services {
  readonly s3: S3Surroundings;
  readonly kms: JsonOperations;
  readonly sqs: JsonOperations;
  readonly functions: FunctionHost;
  readonly principals: PrincipalBook;
}

/** One endpoint for all services: the signature of every call names its service. */
export function endpoint(services: Services): RequestHandler {
  const { s3, principals } = services;
  return {
    async respond(request) {
      const respond = await outcome(request, services, principals);
      s3.log({
        message: 'request',
        operation: request.headers.get('x-amz-target') ?? `${request.method} ${request.rawPath}`,
        ...respond.note,
        status: respond.response.status,
        requestId: request.id,
      });
      return respond.response;
    },
    failure: (error, requestId) => s3Failure(refusal(error, s3), requestId),
  };
}

async function outcome(
  request: LocalRequest,
  services: Services,
  principals: PrincipalBook,
): Promise<{ response: LocalResponse; note: Record<string, unknown> }> {
  let principal: string | undefined;
  try {
    const known = {
      principal: principals.withAccessKey,
      region: services.s3.region,
      now: services.s3.now(),
    };
    const claim = readClaim(request);
    const maxBytes = bodyLimit(claim.scope.service, request.method, services.s3);
    const caller = await authenticate(request, claim, known, maxBytes);
    principal = caller.principal.name;
    const payload = openPayload(caller, await request.body(maxBytes));
    const response = await dispatch(services, caller, payload);
    return { response, note: { principal } };
  } catch (thrown) {
    const error = refusal(thrown, services.s3);
    const response = failureFor(request)(error, request.id);
    return { response, note: { principal, refusal: error.code, why: error.message } };
  }
}

/** The payload of a synchronous Lambda invocation; no other document of the services may be longer. */
const MAX_DOCUMENT_BYTES = 6 * 1024 * 1024;

/** The body of an upload is longer than its object by framing: half as much again is ample for all chunk sizes. */
const bodyLimit = (service: string, method: string, { maxObjectBytes }: S3Surroundings): number =>
  service === 's3' && method === 'PUT' ? maxObjectBytes * 1.5 : MAX_DOCUMENT_BYTES;

async function dispatch(
  services: Services,
  caller: Caller,
  payload: Payload,
): Promise<LocalResponse> {
  const { principal, request } = caller;
  switch (caller.claim.scope.service) {
    case 's3':
      return handleS3(services.s3, caller, payload);
    case 'kms':
      return handleJson(services.kms, 'TrentService', request, principal, payload.body);
    case 'sqs':
      return handleJson(services.sqs, 'AmazonSQS', request, principal, payload.body);
    case 'lambda':
      return handleInvoke(services.functions, request, principal, payload.body);
    case 'sts':
      return handleSts(services.s3, request, principal, payload.body);
    default:
      throw new AwsError(
        'NotImplemented',
        `${caller.claim.scope.service} is not implemented; this stand-in implements s3, kms, sqs, lambda and sts`,
      );
  }
}

/** An error has the format of the service even if the signature could not be read. */
function failureFor(request: LocalRequest): (error: AwsError, requestId: string) => LocalResponse {
  if (request.headers.has('x-amz-target') || request.rawPath.startsWith('/2015-03-31/'))
    return jsonFailure;
  return speaksQuery(request) ? stsFailure : s3Failure;
}

function refusal(thrown: unknown, { log }: S3Surroundings): AwsError {
  if (thrown instanceof AwsError) return thrown;
  log({ message: 'internal error', error: thrown instanceof Error ? thrown.stack : thrown });
  return new AwsError('InternalError', 'We encountered an internal error; see the log.');
}
