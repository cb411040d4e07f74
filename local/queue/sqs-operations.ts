import { AwsError } from '../aws-error.ts';
import type { JsonInput } from '../json-input.ts';
import type { JsonOperations } from '../json-service.ts';
import { demand } from '../permissions.ts';
import type { Principal } from '../principals.ts';
import { type MessageAttribute, md5OfAttributes, md5OfBody } from './message.ts';
import type { MessageQueue } from './message-queue.ts';
import { collectResults, type EntryResult, maxMessageBytes, readBatch } from './sqs-batch.ts';

/** A queue of the stand-in. */
export interface ServedQueue {
  readonly name: string;
  readonly arn: string;
  /** Known only when the port is known. */
  readonly url: () => string;
  readonly queue: MessageQueue;
}

/**
 * The part of SQS that senders need, and functions that check their messages. The event source receives without it.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Operations.html
 */
export function sqsOperations(queues: readonly ServedQueue[]): JsonOperations {
  const named = (input: JsonInput, principal: Principal, action: string): ServedQueue => {
    const path = /^https?:\/\/[^/]+(\/.*)$/.exec(input.text('QueueUrl'))?.[1];
    const served = queues.find(({ url }) => path === new URL(url()).pathname);
    if (served === undefined) throw noSuchQueue();
    demand(principal, action, served.arn);
    return served;
  };
  return {
    GetQueueUrl(input, principal) {
      const served = queues.find(({ name }) => name === input.text('QueueName'));
      if (served === undefined) throw noSuchQueue();
      demand(principal, 'sqs:GetQueueUrl', served.arn);
      return { QueueUrl: served.url() };
    },
    GetQueueAttributes(input, principal) {
      const { arn, queue } = named(input, principal, 'sqs:GetQueueAttributes');
      const counts = queue.counts();
      return {
        Attributes: {
          QueueArn: arn,
          ApproximateNumberOfMessages: String(counts.visible),
          ApproximateNumberOfMessagesNotVisible: String(counts['in flight']),
          ApproximateNumberOfMessagesDelayed: String(counts.waiting),
        },
      };
    },
    SendMessage: async (input, principal) =>
      sendOne(named(input, principal, 'sqs:SendMessage').queue, input, principal),
    async SendMessageBatch(input, principal) {
      const { queue } = named(input, principal, 'sqs:SendMessage');
      const entries = readBatch(input);
      const sent = queue.sendTogether(() =>
        Promise.all(entries.map((entry) => sendEntry(queue, entry, principal))),
      );
      return collectResults(await sent);
    },
    ChangeMessageVisibilityBatch(input, principal) {
      const { queue } = named(input, principal, 'sqs:ChangeMessageVisibility');
      return collectResults(readBatch(input).map((entry) => changeVisibility(queue, entry)));
    },
  };
}

/** A message stays in flight until its function has finished: there is no timeout to change, only one to ask about. */
function changeVisibility(queue: MessageQueue, entry: JsonInput): EntryResult {
  const Id = entry.text('Id');
  if (queue.isInFlight(entry.text('ReceiptHandle'))) return { sent: { Id } };
  const Message = 'The input receipt handle is invalid.';
  return { failed: { Id, Code: 'ReceiptHandleIsInvalid', Message, SenderFault: true } };
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
  const group = input.optionalText('MessageGroupId');
  const { messageId } = await queue.send(
    { body, messageAttributes, senderId, ...(group === undefined ? {} : { group }) },
    delayMs,
  );
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
