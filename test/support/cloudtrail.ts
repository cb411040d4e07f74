/** KMS Sign events as EventBridge delivers them, after https://docs.aws.amazon.com/kms/latest/developerguide/ct-sign.html */
import { userAgentOf } from '../../lib/audit/record-in-user-agent.ts';

export const ACCOUNT = '111122223333';
export const SIGN_ROLE = `arn:aws:iam::${ACCOUNT}:role/cakeless-sign`;
export const CREATE_CA_ROLE = `arn:aws:iam::${ACCOUNT}:role/cakeless-create-ca`;

const SDK =
  'aws-sdk-js/3.1164.0 ua/2.1 os/linux#5.10 lang/js md/nodejs#24.4.0 api/kms#3.1164.0 m/E,b';

/** A session of a role, such as that of a Lambda function. */
export function sessionOf(roleArn: string) {
  const [, , , , accountId = '', role = ''] = roleArn.split(':');
  const name = role.replace(/^role\//, '');
  return {
    type: 'AssumedRole',
    principalId: `AROAIOSFODNN7EXAMPLE:${name}`,
    arn: `arn:aws:sts::${accountId}:assumed-role/${name}/${name}`,
    accountId,
    accessKeyId: 'ASIAIOSFODNN7EXAMPLE',
    sessionContext: {
      sessionIssuer: {
        type: 'Role',
        principalId: 'AROAIOSFODNN7EXAMPLE',
        arn: roleArn,
        accountId,
        userName: name,
      },
      attributes: { creationDate: '2026-11-24T11:58:03Z', mfaAuthenticated: 'false' },
    },
  };
}

export const ALICE = {
  type: 'IAMUser',
  principalId: 'AIDAIOSFODNN7EXAMPLE',
  arn: `arn:aws:iam::${ACCOUNT}:user/Alice`,
  accountId: ACCOUNT,
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  userName: 'Alice',
};

/** How the trail of the key's account identifies a caller of another account. */
export const callerOfAccount = (accountId: string) => ({
  type: 'AWSAccount',
  principalId: 'AROAIOSFODNN7EXAMPLE:cakeless-sign',
  accountId,
});

export interface SignEvent {
  readonly keyArn: string;
  readonly record?: string;
  readonly userIdentity?: object;
  readonly eventTime?: string;
  /** Additional or changed fields of `detail`. */
  readonly detail?: object;
}

export function signEvent({ keyArn, record, userIdentity, eventTime, detail }: SignEvent): object {
  const time = eventTime ?? '2026-11-24T12:00:02Z';
  return {
    version: '0',
    id: '2b5c9d5a-6b1e-4f5e-8f9d-0c1f2e3d4a5b',
    'detail-type': 'AWS API Call via CloudTrail',
    source: 'aws.kms',
    account: ACCOUNT,
    time,
    region: 'eu-central-1',
    resources: [],
    detail: {
      eventVersion: '1.11',
      userIdentity: userIdentity ?? sessionOf(SIGN_ROLE),
      eventTime: time,
      eventSource: 'kms.amazonaws.com',
      eventName: 'Sign',
      awsRegion: 'eu-central-1',
      sourceIPAddress: '192.0.2.10',
      userAgent: record === undefined ? SDK : `${userAgentOf(record)} ${SDK}`,
      requestParameters: {
        keyId: keyArn,
        messageType: 'DIGEST',
        signingAlgorithm: 'ECDSA_SHA_256',
      },
      responseElements: null,
      requestID: '8d0b35e0-46cf-48b9-be99-bf2ebc9ab9fb',
      eventID: '107b3cac-b125-4556-9702-12a2b9afcff7',
      readOnly: true,
      resources: [{ accountId: ACCOUNT, type: 'AWS::KMS::Key', ARN: keyArn }],
      eventType: 'AwsApiCall',
      managementEvent: true,
      recipientAccountId: ACCOUNT,
      eventCategory: 'Management',
      ...detail,
    },
  };
}
