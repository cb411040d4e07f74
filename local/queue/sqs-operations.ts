import { AwsError } from '../aws-error.ts';
import type { JsonInput } from '../json-input.ts';
import type { JsonOperations } from '../json-service.ts';
import { demand } from '../permissions.ts';
import type { Principal } from '../principals.ts';
import { type MessageAttribute, md5OfAttributes, md5OfBody } from './message.ts';
import type { MessageQueue } from './message-queue.ts';
import { collectResults, type EntryResult, maxMessageBytes, readBatch } from './sqs-batch.ts';

/** The only queue of the stand-in. */
export interface ServedQueue {
  readonly name: string;
  readonly arn: string;
  /** Known only when the port is known. */
  readonly url: () => string;
  readonly queue: MessageQueue;
}

/**
 * The part of SQS that senders need. The event source receives without it.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Operations.html
 */
export function sqsOperations(served: ServedQueue): JsonOperations {
  const named = (input: JsonInput, principal: Principal, action: string): MessageQueue => {
    demand(principal, action, served.arn);
    const path = /^https?:\/\/[^/]+(\/.*)$/.exec(input.text('QueueUrl'))?.[1];
    if (path !== new URL(served.url()).pathname) throw noSuchQueue();
    return served.queue;
  };
  return {
    GetQueueUrl(input, principal) {
      demand(principal, 'sqs:GetQueueUrl', served.arn);
      if (input.text('QueueName') !== served.name) throw noSuchQueue();
      return { QueueUrl: served.url() };
    },
    GetQueueAttributes(input, principal) {
      const counts = named(input, principal, 'sqs:GetQueueAttributes').counts();
      return {
        Attributes: {
          QueueArn: served.arn,
          ApproximateNumberOfMessages: String(counts.visible),
          ApproximateNumberOfMessagesNotVisible: String(counts['in flight']),
          ApproximateNumberOfMessagesDelayed: String(counts.waiting),
        },
      };
    },
    SendMessage: async (input, principal) =>
      sendOne(named(input, principal, 'sqs:SendMessage'), input, principal),
    async SendMessageBatch(input, principal) {
      const queue = named(input, principal, 'sqs:SendMessage');
      const entries = readBatch(input);
      return collectResults(
        await Promise.all(entries.map((entry) => sendEntry(queue, entry, principal))),
      );
    },
  };
}

/** An entry that is refused does not affect the others. */
async function sendEntry(
  queue: MessageQueue,
  entry: JsonInput,
  principal: Principal,
): Promise<EntryResult> {
  const Id = entry.text('Id');
  try {
    return { sent: { Id, ...(await sendOne(queue, entry, principal)) } };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return { failed: { Id, Code: error.code, Message: error.message, SenderFault: true } };
  }
}

async function sendOne(queue: MessageQueue, input: JsonInput, principal: Principal) {
  const body = input.text('MessageBody');
  const messageAttributes = Object.fromEntries(
    input.entries('MessageAttributes').map(([name, value]) => [name, readAttribute(value)]),
  );
  const size = Buffer.byteLength(body) + Buffer.byteLength(JSON.stringify(messageAttributes));
  if (body === '' || size > maxMessageBytes) {
    throw new AwsError(
      'InvalidParameterValueException',
      `A message must be 1 to ${maxMessageBytes} bytes long`,
    );
  }
  const delayMs = 1000 * (input.optionalNumber('DelaySeconds') ?? 0);
  const senderId = principal.principalId;
  const { messageId } = await queue.send({ body, messageAttributes, senderId }, delayMs);
  return {
    MessageId: messageId,
    MD5OfMessageBody: md5OfBody(body),
    MD5OfMessageAttributes: md5OfAttributes(messageAttributes),
  };
}

function readAttribute(value: JsonInput): MessageAttribute {
  const text = value.optionalText('StringValue');
  const binary = value.optionalText('BinaryValue');
  return {
    DataType: value.text('DataType'),
    ...(text === undefined ? {} : { StringValue: text }),
    ...(binary === undefined ? {} : { BinaryValue: binary }),
  };
}

function noSuchQueue(): AwsError {
  return new AwsError('QueueDoesNotExist', 'The specified queue does not exist.');
}
