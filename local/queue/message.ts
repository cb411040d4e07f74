import { createHash } from 'node:crypto';

/** An attribute that the sender gave a message. */
export interface MessageAttribute {
  readonly DataType: string;
  readonly StringValue?: string;
  /** In base64. */
  readonly BinaryValue?: string;
}

/** A message of the queue, as in its file. */
export interface QueueMessage {
  readonly messageId: string;
  readonly body: string;
  readonly messageAttributes: Readonly<Record<string, MessageAttribute>>;
  readonly senderId: string;
  /** MessageGroupId: messages of one group do not delay those of others. */
  readonly group?: string;
  readonly sentAtMs: number;
  /** How often the function has received it; written before each delivery. */
  readonly receives: number;
  readonly firstReceivedAtMs?: number;
}

/** A message that a function has received. */
export interface ReceivedMessage extends QueueMessage {
  /** Known only to the receiver, until the message is processed or visible again. */
  readonly receiptHandle: string;
}

/** MD5 of a body, for clients to compare with what they sent. */
export function md5OfBody(body: string): string {
  return createHash('md5').update(body).digest('hex');
}

/**
 * MD5 over the attributes in the order of their names, each part preceded by its length.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html#sqs-attributes-md5-message-digest-calculation
 */
export function md5OfAttributes(
  attributes: Readonly<Record<string, MessageAttribute>>,
): string | undefined {
  const names = Object.keys(attributes).sort();
  if (names.length === 0) return undefined;
  const hash = createHash('md5');
  for (const name of names) {
    const { DataType = '', StringValue, BinaryValue = '' } = attributes[name] ?? {};
    hash.update(withLength(Buffer.from(name))).update(withLength(Buffer.from(DataType)));
    hash.update(Buffer.of(StringValue === undefined ? 2 : 1));
    hash.update(
      withLength(
        StringValue === undefined ? Buffer.from(BinaryValue, 'base64') : Buffer.from(StringValue),
      ),
    );
  }
  return hash.digest('hex');
}

function withLength(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
