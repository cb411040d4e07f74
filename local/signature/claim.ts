import { AwsError } from '../aws-error.ts';
import { type LocalRequest, queryValue } from '../http/message.ts';

/** What a request says about its signature, before it is verified. */
export interface SignatureClaim {
  readonly form: 'header' | 'query';
  readonly accessKeyId: string;
  readonly scope: { readonly date: string; readonly region: string; readonly service: string };
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** As written: `20261124T031000Z`. */
  readonly timestamp: string;
  readonly signedAt: Date;
  /** How long a presigned URL is valid; undefined in the header form. */
  readonly expiresSeconds?: number;
}

const authorizationForm =
  /^AWS4-HMAC-SHA256 Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})$/;

/** A week, the longest validity of a presigned URL. */
const maxExpiresSeconds = 604_800;

/**
 * Reads the claim of a request, from its Authorization header or from the query of a presigned URL.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-auth-using-authorization-header.html
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
 */
export function readClaim(request: LocalRequest): SignatureClaim {
  const authorization = request.headers.get('authorization');
  if (authorization !== undefined) return readHeaderClaim(request, authorization);
  if (queryValue(request, 'X-Amz-Signature') !== undefined) return readQueryClaim(request);
  throw new AwsError('AccessDenied', 'Access Denied: the request is not signed');
}

function readHeaderClaim(request: LocalRequest, authorization: string): SignatureClaim {
  const parts = authorizationForm.exec(authorization);
  if (parts === null) {
    throw new AwsError(
      'AuthorizationHeaderMalformed',
      'The authorization header that you provided is not valid: AWS4-HMAC-SHA256 with Credential, SignedHeaders and Signature is expected',
    );
  }
  const [, credential = '', signedHeaders = '', signature = ''] = parts;
  const timestamp = request.headers.get('x-amz-date') ?? '';
  return {
    form: 'header',
    ...readCredential(credential, timestamp, 'AuthorizationHeaderMalformed'),
    signedHeaders: signedHeaders.split(';'),
    signature,
  };
}

function readQueryClaim(request: LocalRequest): SignatureClaim {
  const value = (name: string): string => queryValue(request, name) ?? '';
  const expires = value('X-Amz-Expires');
  const expiresSeconds = /^\d{1,6}$/.test(expires) ? Number(expires) : 0;
  const refuse = (message: string): never => {
    throw new AwsError('AuthorizationQueryParametersError', message);
  };
  if (value('X-Amz-Algorithm') !== 'AWS4-HMAC-SHA256') {
    refuse('X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"');
  }
  if (expiresSeconds < 1 || expiresSeconds > maxExpiresSeconds) {
    refuse(`X-Amz-Expires must be a number of seconds from 1 to ${maxExpiresSeconds}`);
  }
  return {
    form: 'query',
    ...readCredential(
      value('X-Amz-Credential'),
      value('X-Amz-Date'),
      'AuthorizationQueryParametersError',
    ),
    signedHeaders: value('X-Amz-SignedHeaders').split(';'),
    signature: value('X-Amz-Signature'),
    expiresSeconds,
  };
}

function readCredential(
  credential: string,
  timestamp: string,
  refusal: 'AuthorizationHeaderMalformed' | 'AuthorizationQueryParametersError',
): Pick<SignatureClaim, 'accessKeyId' | 'scope' | 'timestamp' | 'signedAt'> {
  const [accessKeyId, date, region, service, terminator, ...more] = credential.split('/');
  if (
    !accessKeyId ||
    !date ||
    !region ||
    !service ||
    terminator !== 'aws4_request' ||
    more.length
  ) {
    throw new AwsError(
      refusal,
      'The Credential is mal-formed; expecting "<key>/YYYYMMDD/<region>/<service>/aws4_request"',
    );
  }
  const time = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(timestamp);
  const signedAt = new Date(time === null ? '' : isoTime(time));
  if (Number.isNaN(signedAt.getTime()) || !timestamp.startsWith(date)) {
    throw new AwsError(
      refusal,
      "X-Amz-Date must be in the ISO 8601 basic form \"yyyyMMdd'T'HHmmss'Z'\", of the day named in the Credential",
    );
  }
  return { accessKeyId, scope: { date, region, service }, timestamp, signedAt };
}

function isoTime([, year, month, day, hour, minute, second]: RegExpExecArray): string {
  return `${year}-${month}-${day}T${hour}:${minute}:${second}Z`;
}
