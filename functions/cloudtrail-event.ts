/** Converts a CloudTrail event, as EventBridge delivers it, to a use of a KMS key. */
import * as z from 'zod/mini';
import type { Caller, SignCall } from '../lib/audit/sign-call.ts';

/**
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
 * A call from an account other than the key's has type AWSAccount and no ARN.
 */
const userIdentitySchema = z.object({
  type: z.optional(z.string()),
  principalId: z.optional(z.string()),
  arn: z.optional(z.string()),
  accountId: z.optional(z.string()),
  sessionContext: z.optional(
    z.object({ sessionIssuer: z.optional(z.object({ arn: z.optional(z.string()) })) }),
  ),
});

/**
 * https://docs.aws.amazon.com/kms/latest/developerguide/ct-sign.html
 * Sign is a read-only event of KMS: a rule gets it only in the state ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS
 * (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail-management.html).
 */
const signEventSchema = z.object({
  'detail-type': z.literal('AWS API Call via CloudTrail'),
  detail: z.object({
    eventSource: z.literal('kms.amazonaws.com'),
    eventName: z.literal('Sign'),
    eventID: z.string(),
    eventTime: z
      .string()
      .check(z.refine((text) => !Number.isNaN(Date.parse(text)), 'must be a time')),
    requestID: z.optional(z.string()),
    userIdentity: userIdentitySchema,
    userAgent: z.optional(z.string()),
    sourceIPAddress: z.optional(z.string()),
    errorCode: z.optional(z.string()),
    // either may be null for a denied call
    requestParameters: z.nullish(z.object({ keyId: z.optional(z.string()) })),
    resources: z.nullish(z.array(z.object({ ARN: z.optional(z.string()) }))),
  }),
});

type Detail = z.infer<typeof signEventSchema>['detail'];

/** @throws Error if the event is not a KMS Sign call: then the rule's pattern is wrong */
export function readSignCall(event: unknown): SignCall {
  const { detail } = signEventSchema.parse(event);
  return {
    eventId: detail.eventID,
    requestId: detail.requestID,
    at: new Date(detail.eventTime),
    keyArn: keyArnOf(detail),
    caller: callerOf(detail.userIdentity),
    userAgent: detail.userAgent ?? '',
    sourceIp: detail.sourceIPAddress,
    errorCode: detail.errorCode,
  };
}

/** `resources` names the key itself; the caller may have used an alias. */
function keyArnOf({ resources, requestParameters }: Detail): string | undefined {
  const isKey = (arn: string | undefined) => arn !== undefined && /:key\//.test(arn);
  const asked = requestParameters?.keyId;
  return resources?.map(({ ARN }) => ARN).find(isKey) ?? (isKey(asked) ? asked : undefined);
}

function callerOf(identity: Detail['userIdentity']): Caller {
  const { type, principalId, arn, accountId, sessionContext } = identity;
  return {
    arn: sessionContext?.sessionIssuer?.arn ?? arn,
    accountId,
    description: arn ?? [type, accountId, principalId].filter(Boolean).join(' '),
    ofAnotherAccount: type === 'AWSAccount',
  };
}
