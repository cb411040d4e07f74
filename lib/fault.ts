/**
 * A failure, as opposed to a refusal: a refusal is a value (`Violation[]`); a fault is thrown. The code tells
 * handlers what to do: `unavailable` is temporary and worth a retry, the others need a person.
 */
export type FaultCode =
  /** A service did not respond, throttled the call, or failed temporarily. */
  | 'unavailable'
  /** A service denied the call: permissions, a missing or disabled key. */
  | 'not-allowed'
  /** A setting that the call needs is missing or wrong here: region, credentials, endpoint, name of a bucket. */
  | 'not-configured'
  /** The request to a function cannot be carried out. */
  | 'request-malformed'
  /** A document in a bucket is not valid, or needs a later release to be understood. */
  | 'document-malformed'
  /** The draft is not what profile and policy require; nothing was signed. */
  | 'lint-failed'
  /** KMS returned a signature that does not verify with the CA certificate; nothing was published. */
  | 'signature-invalid';

export class Fault extends Error {
  override name = 'Fault';
  readonly code: FaultCode;

  constructor(code: FaultCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
