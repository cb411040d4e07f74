/**
 * STS, as far as an approver needs it: GetCallerIdentity, by which callers learn their own `aws:userid`. It requires no
 * permission. STS speaks the query protocol: a form in the request, XML in the response.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
 * https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
 */
import { AwsError, type AwsErrorCode } from './aws-error.ts';
import type { LocalRequest, LocalResponse } from './http/message.ts';
import type { Principal } from './principals.ts';
import { writeXml } from './s3/xml.ts';

const NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/';

/** Of the services of the stand-in, only STS is sent forms. */
export function speaksQuery({ headers }: LocalRequest): boolean {
  return (headers.get('content-type') ?? '').startsWith('application/x-www-form-urlencoded');
}

/** @throws AwsError InvalidAction for everything except GetCallerIdentity */
export function handleSts(
  { accountId }: { readonly accountId: string },
  request: LocalRequest,
  principal: Principal,
  body: Buffer,
): LocalResponse {
  const form = new URLSearchParams(body.toString('utf8'));
  const action = form.get('Action') ?? request.method;
  if (action !== 'GetCallerIdentity' || request.method !== 'POST')
    throw new AwsError('InvalidAction', `${action} is not implemented by this stand-in`);
  return xml(
    200,
    writeXml(
      'GetCallerIdentityResponse',
      {
        GetCallerIdentityResult: {
          UserId: principal.principalId,
          Account: accountId,
          Arn: arnOf(principal, accountId),
        },
        ResponseMetadata: { RequestId: request.id },
      },
      NAMESPACE,
    ),
  );
}

/** `AROA…:<session>` is the session of a role, and anything else is a user. Names in ARNs have no colon and no slash. */
function arnOf({ name, principalId }: Principal, accountId: string): string {
  const inArn = name.replace(/[^\w+=,.@-]/g, '_');
  const [, session] = principalId.split(':');
  return session === undefined
    ? `arn:aws:iam::${accountId}:user/${inArn}`
    : `arn:aws:sts::${accountId}:assumed-role/${inArn}/${session}`;
}

/** What STS calls errors that all services have: https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html */
const NAMES: Partial<Record<AwsErrorCode, string>> = {
  AuthorizationHeaderMalformed: 'IncompleteSignature',
  InternalError: 'InternalFailure',
  InvalidAccessKeyId: 'InvalidClientTokenId',
  InvalidToken: 'InvalidClientTokenId',
  RequestTimeTooSkewed: 'SignatureDoesNotMatch',
};

/** An error in the XML of the query protocol, under the name that STS uses. */
export function stsFailure({ code, message, status }: AwsError, requestId: string): LocalResponse {
  const Type = status >= 500 ? 'Receiver' : 'Sender';
  const Code = NAMES[code] ?? code;
  return xml(
    status,
    writeXml(
      'ErrorResponse',
      { Error: { Type, Code, Message: message }, RequestId: requestId },
      NAMESPACE,
    ),
  );
}

function xml(status: number, body: string): LocalResponse {
  return { status, headers: { 'content-type': 'text/xml' }, body };
}
