/**
 * The errors of the stand-in, by AWS's own code, with their HTTP status.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 * https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html
 */
const statusByCode = {
  AccessControlListNotSupported: 400,
  AccessDenied: 403,
  AlreadyExistsException: 400,
  AuthorizationHeaderMalformed: 400,
  AuthorizationQueryParametersError: 400,
  BadDigest: 400,
  BadRequest: 400,
  BatchEntryIdsNotDistinct: 400,
  BatchRequestTooLong: 400,
  BucketAlreadyOwnedByYou: 409,
  BucketNotEmpty: 409,
  DisabledException: 400,
  EmptyBatchRequest: 400,
  EntityTooLarge: 400,
  ExpiredImportTokenException: 400,
  IllegalLocationConstraintException: 400,
  IncompleteBody: 400,
  IncorrectKeyMaterialException: 400,
  InternalError: 500,
  InvalidAccessKeyId: 403,
  InvalidAction: 400,
  InvalidArgument: 400,
  InvalidBatchEntryId: 400,
  InvalidBucketName: 400,
  InvalidCiphertextException: 400,
  InvalidDigest: 400,
  InvalidEncryptionAlgorithmError: 400,
  InvalidImportTokenException: 400,
  InvalidKeyUsageException: 400,
  InvalidMessageContents: 400,
  InvalidObjectState: 403,
  InvalidParameterValueException: 400,
  InvalidRange: 416,
  InvalidRequest: 400,
  InvalidRequestContentException: 400,
  InvalidStorageClass: 400,
  InvalidTag: 400,
  InvalidToken: 400,
  InvalidURI: 400,
  KMSInvalidSignatureException: 400,
  KMSInvalidStateException: 400,
  KeyTooLongError: 400,
  MalformedTrailerError: 400,
  MalformedXML: 400,
  MetadataTooLarge: 400,
  MethodNotAllowed: 405,
  NoSuchBucket: 404,
  NoSuchKey: 404,
  NoSuchVersion: 404,
  NotFoundException: 400,
  NotImplemented: 501,
  PreconditionFailed: 412,
  QueueDoesNotExist: 400,
  RequestTimeTooSkewed: 403,
  ResourceNotFoundException: 404,
  SerializationException: 400,
  SignatureDoesNotMatch: 403,
  SlowDown: 503,
  TooManyEntriesInBatchRequest: 400,
  UnknownOperationException: 400,
  UnsupportedOperationException: 400,
  ValidationException: 400,
  XAmzContentSHA256Mismatch: 400,
} as const;

/** A code of the stand-in's errors. */
export type AwsErrorCode = keyof typeof statusByCode;

/** An error that the client sees. Anything else that is thrown is a bug and becomes a 500. */
export class AwsError extends Error {
  readonly code: AwsErrorCode;
  readonly status: number;
  /** Further elements of S3's error document, such as the region that was expected. */
  readonly details: Readonly<Record<string, string>>;
  /** Headers of the response, such as `x-amz-delete-marker`. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: AwsErrorCode,
    message: string,
    extra: { details?: Record<string, string>; headers?: Record<string, string> } = {},
  ) {
    super(message);
    this.name = code;
    this.code = code;
    this.status = statusByCode[code];
    this.details = extra.details ?? {};
    this.headers = extra.headers ?? {};
  }
}
