import { AwsError } from '../aws-error.ts';
import type { JsonInput } from '../json-input.ts';

/** SQS's limit for body and attributes of a message, and of all messages of a batch: 1 MiB since August 2025. */
export const maxMessageBytes = 1_048_576;
const maxEntries = 10;
const entryId = /^[A-Za-z0-9_-]{1,80}$/;

/** The result of one entry of a batch. */
export interface EntryResult {
  readonly sent?: object;
  readonly failed?: object;
}

/**
 * The entries of a batch.
 * @throws AwsError if the batch as a whole is invalid
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
 */
export function readBatch(input: JsonInput): JsonInput[] {
  const entries = input.optionalList('Entries');
  const ids = entries.map((entry) => entry.text('Id'));
  if (ids.length === 0)
    throw new AwsError('EmptyBatchRequest', "The batch request doesn't contain any entries.");
  if (ids.length > maxEntries)
    throw new AwsError(
      'TooManyEntriesInBatchRequest',
      `Maximum number of entries per request are ${maxEntries}. You have sent ${ids.length}.`,
    );
  const wrong = ids.find((id) => !entryId.test(id));
  if (wrong !== undefined)
    throw new AwsError(
      'InvalidBatchEntryId',
      'A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.',
    );
  const twice = ids.find((id, i) => ids.indexOf(id) !== i);
  if (twice !== undefined) throw new AwsError('BatchEntryIdsNotDistinct', `Id ${twice} repeated.`);
  const bytes = entries.reduce((sum, entry) => sum + bodyBytes(entry), 0);
  if (bytes > maxMessageBytes)
    throw new AwsError(
      'BatchRequestTooLong',
      `Batch requests cannot be longer than ${maxMessageBytes} bytes. You have sent ${bytes} bytes.`,
    );
  return entries;
}

/** The response of a batch: entries that were sent, and those that failed. */
export function collectResults(results: readonly EntryResult[]): object {
  return {
    Successful: results.flatMap(({ sent }) => (sent ? [sent] : [])),
    Failed: results.flatMap(({ failed }) => (failed ? [failed] : [])),
  };
}

function bodyBytes(entry: JsonInput): number {
  return Buffer.byteLength(entry.optionalText('MessageBody') ?? '');
}
