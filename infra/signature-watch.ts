import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import type { CakelessFunction } from './cakeless-function.ts';

/**
 * Sends each KMS Sign call of the account, as CloudTrail reports it, to the watch-signatures function. The account needs
 * a trail that logs management events of KMS, read-only ones too: without it the rule gets no events.
 */
export class SignatureWatch extends Construct {
  constructor(scope: Construct, id: string, { watcher }: { watcher: CakelessFunction }) {
    super(scope, id);
    const rule = new events.CfnRule(this, 'Rule', {
      description: 'Cakeless: each use of a KMS key to sign',
      // CloudTrail counts Sign as read-only, and rules in the state ENABLED get no read-only calls.
      // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail-management.html
      state: 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS',
      eventPattern: {
        source: ['aws.kms'],
        'detail-type': ['AWS API Call via CloudTrail'],
        detail: { eventSource: ['kms.amazonaws.com'], eventName: ['Sign'] },
      },
      targets: [{ id: 'WatchSignatures', arn: watcher.function.functionArn }],
    });
    watcher.function.addPermission('SignCalls', {
      principal: new iam.ServicePrincipal('events.amazonaws.com'),
      sourceArn: rule.attrArn,
    });
    acknowledge(rule, {
      'Serverless-EventBusDLQ':
        'EventBridge retries for 24 hours, and an event that the function cannot judge is an error of the function, which has an alarm.',
    });
  }
}
