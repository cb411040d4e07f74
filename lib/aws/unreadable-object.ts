/** Objects whose writer made them unreadable: in an archive, or encrypted with another key. */
import { codeOf, statusOf } from './to-fault.ts';

/** S3 passes on errors of KMS about a key that is disabled, pending deletion, or missing (`KMS.DisabledException`). */
const FROM_KMS = /^KMS\./;

/** Whether an object's writer may have caused a refusal. S3 returns 403 for a missing object or permission, too. */
export function mayBeUnreadable(error: unknown): boolean {
  const code = codeOf(error) ?? '';
  const status = statusOf(error);
  return status === 403 || (status === 400 && (code === 'InvalidRequest' || FROM_KMS.test(code)));
}

/**
 * Why a refused object cannot be read; undefined if the refusal does not say.
 * - `InvalidObjectState`: it is archived (https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html).
 * - 400 `InvalidRequest`, for a request without parameters: "The object was stored using a form of Server Side
 *   Encryption. The correct parameters must be provided to retrieve the object." (SSE-C,
 *   https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerSideEncryptionCustomerKeys.html)
 */
export function whyUnreadable(
  refusal: unknown,
  storageClass: string | undefined,
): string | undefined {
  const code = codeOf(refusal) ?? '';
  if (code === 'InvalidObjectState') return `it is archived: its storage class is ${storageClass}`;
  if (code === 'InvalidRequest')
    return 'it is encrypted with a key that only its writer has (SSE-C)';
  if (FROM_KMS.test(code)) return `it is encrypted with a KMS key that cannot be used (${code})`;
  return undefined;
}
