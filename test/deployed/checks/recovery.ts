import { deepEqual } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import {
  GetFunctionConfigurationCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import {
  GetBucketNotificationConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
} from '@aws-sdk/client-s3';
import {
  GetQueueAttributesCommand,
  type QueueAttributeName,
  ReceiveMessageCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { VISIBILITY_TIMEOUT_SECONDS } from '../../../lib/aws/sqs-source-queue.ts';
import { kubeadmSet } from '../../support/kubeadm-sets.ts';
import { type Check, eventually, NODE, nodeOfA } from '../check.ts';
import type { Deployment } from '../deployment.ts';

async function setMaxReceiveCount(sqs: SQSClient, QueueUrl: string, maxReceiveCount: number) {
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['RedrivePolicy'] }),
  );
  const policy: unknown = JSON.parse(Attributes?.RedrivePolicy ?? '{}');
  const RedrivePolicy = JSON.stringify({ ...(policy as object), maxReceiveCount });
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { RedrivePolicy } }));
}

export const recovery: Check[] = [
  {
    name: 'a malformed message becomes a dead letter',
    waiting: `waiting until the queue makes a message visible again (up to ${VISIBILITY_TIMEOUT_SECONDS / 60 + 1}m)`,
    async run(deployment) {
      const sqs = deployment.sqs();
      const QueueUrl = deployment.output('RequestQueueUrl');
      // One try instead of five: sign renews the visibility timeout of what it is handed, so a try takes as long.
      const redrive = (maxReceiveCount: number) =>
        setMaxReceiveCount(sqs, QueueUrl, maxReceiveCount);
      await redrive(1);
      const MessageBody = `poison ${Date.now()}`;
      await withoutPolicy(sqs, QueueUrl, () =>
        sqs.send(new SendMessageCommand({ QueueUrl, MessageBody })),
      );
      const operator = deployment.sqs(await deployment.assume('operator'));
      const dead = deployment.output('DeadLetterQueueUrl');
      await eventually(
        'the dead letter',
        async () => {
          const input = { QueueUrl: dead, WaitTimeSeconds: 1 };
          const { Messages = [] } = await operator.send(new ReceiveMessageCommand(input));
          return Messages.find(({ Body }) => Body === MessageBody);
        },
        VISIBILITY_TIMEOUT_SECONDS * 1000 + 60_000,
      );
      await redrive(5);
    },
  },
  {
    name: 'a request whose event was lost is found by reconcile, and issued',
    async run(deployment) {
      const node = await nodeOfA(deployment);
      const csr = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256').csrs.find(
        ({ certificateName }) => certificateName === 'kubelet.conf',
      );
      const folder = `a/${NODE}/lost`;
      await withoutEvents(deployment, () =>
        deployment.create(
          node,
          'exchange',
          `requests/${folder}/kubelet.conf.csr`,
          readFileSync(csr?.file ?? ''),
        ),
      );
      const operator = await deployment.assume('operator');
      // The request is too young: its event may still arrive.
      deepEqual(await deployment.invoke(operator, 'ReconcileFunction', {}), { requeued: 0 });
      await minutesAhead(deployment, 'ReconcileFunction', 6);
      await deployment.invoke(operator, 'ReconcileFunction', {});
      const certificate = `certificates/${folder}/kubelet.conf.crt`;
      await eventually(certificate, () => deployment.read(node, 'exchange', certificate));
      await minutesAhead(deployment, 'ReconcileFunction', 0);
    },
  },
];

/** Runs `action` while the queue has no policy: with its policy, only triage and reconcile can send. */
async function withoutPolicy(
  sqs: SQSClient,
  QueueUrl: string,
  action: () => Promise<unknown>,
): Promise<void> {
  const AttributeNames: QueueAttributeName[] = ['Policy'];
  const before = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames }));
  const set = (Policy: string) =>
    sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
  await set('');
  await action();
  await set(before.Attributes?.Policy ?? '');
}

/** Runs `action` while the bucket sends no events. */
async function withoutEvents(
  deployment: Deployment,
  action: () => Promise<unknown>,
): Promise<void> {
  const s3 = deployment.s3();
  const Bucket = deployment.bucket('exchange');
  const { $metadata, ...before } = await s3.send(
    new GetBucketNotificationConfigurationCommand({ Bucket }),
  );
  const set = (NotificationConfiguration: typeof before) =>
    s3.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }));
  await set({});
  await action();
  await set(before);
}

/** Moves the clock of a function forward, instead of waiting. Signatures may be off by fifteen minutes. */
async function minutesAhead(
  deployment: Deployment,
  output: string,
  minutes: number,
): Promise<void> {
  const lambda = deployment.lambda();
  const FunctionName = deployment.output(output);
  const { Environment } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
  const { NODE_OPTIONS: _, ...Variables } = Environment?.Variables ?? {};
  const clock = `globalThis.Date=class extends Date{constructor(...a){a.length?super(...a):super(Date.now())}static now(){return super.now()+${minutes * 60_000}}}`;
  const changed = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(clock)}` };
  await lambda.send(
    new UpdateFunctionConfigurationCommand({
      FunctionName,
      Environment: { Variables: { ...Variables, ...(minutes && changed) } },
    }),
  );
}
