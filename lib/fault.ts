/**
 * What went wrong where nobody refused anything. A refusal is a value (`Violation[]`); a fault is thrown. The code
 * tells the handlers what to do: `unavailable` passes and is worth another try, the others need a person.
 */
export type FaultCode =
  /** A service did not answer, throttled, or failed for the moment. */
  | 'unavailable'
  /** A service refused: permissions, a missing or disabled key, a missing bucket. */
  | 'not-allowed'
  /** What was asked of a function can't be done as it was asked. */
  | 'request-malformed'
  /** A document of the authority bucket is not what it must be. */
  | 'document-malformed'
  /** The draft is not what profile and policy meant; nothing was signed. */
  | 'lint-failed'
  /** KMS answered with a signature that does not verify with the CA certificate; nothing was published. */
  | 'signature-invalid';

export class Fault extends Error {
  override name = 'Fault';
  readonly code: FaultCode;

  constructor(code: FaultCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
