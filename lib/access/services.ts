/**
 * Who may use the queues, functions, logs and CA keys, by IAM action. A principal without a row has no access, unless
 * another policy of the account gives it. Rows about queues, and rows about keys with a `denialSid`, close that gap:
 * they deny everyone else, including administrators.
 */
import { AUTHORITY_PREFIXES, type Bucket, EXCHANGE_PREFIXES } from '../contract/prefixes.ts';
import type { ServiceName } from '../metric-names.ts';
import type { Principal } from './principals.ts';

/**
 * `upload queue`: S3 reports uploads and approvals to it, and triage reads it. `request queue`: triage and reconcile
 * send one message for each request to it, and sign reads it.
 */
export const QUEUES = ['upload queue', 'request queue', 'dead-letter queue'] as const;

export type QueueResource = (typeof QUEUES)[number];

export type ServiceResource = QueueResource | `function ${ServiceName}` | 'function logs';

export interface ServiceAccess {
  readonly resource: ServiceResource;
  /** What the actions amount to. */
  readonly may: string;
  readonly actions: readonly string[];
  readonly by: readonly Principal[];
}

/** What a Lambda event source mapping needs. Functions also prove with it that a message is in the queue. */
const RECEIVE = [
  'sqs:ReceiveMessage',
  'sqs:ChangeMessageVisibility',
  'sqs:GetQueueUrl',
  'sqs:DeleteMessage',
  'sqs:GetQueueAttributes',
];

export const SERVICE_ACCESS: readonly ServiceAccess[] = [
  {
    // nobody sends to it but S3: its events name the uploader, so a sender could claim to be anyone
    resource: 'upload queue',
    may: 'receive',
    actions: RECEIVE,
    by: ['triage'],
  },
  {
    resource: 'request queue',
    may: 'send',
    actions: ['sqs:SendMessage'],
    by: ['triage', 'reconcile'],
  },
  {
    resource: 'request queue',
    may: 'receive',
    actions: RECEIVE,
    by: ['sign'],
  },
  {
    // They cannot send them again: a message can name any uploader, and reconcile queues requests without outcome anyway.
    resource: 'dead-letter queue',
    may: 'read and delete',
    actions: [
      'sqs:GetQueueAttributes',
      'sqs:GetQueueUrl',
      'sqs:ReceiveMessage',
      'sqs:DeleteMessage',
      'sqs:PurgeQueue',
    ],
    by: ['operator'],
  },
  {
    // an importer has it adopt the CA whose key they imported, or import the certificate that an outside CA has issued
    resource: 'function create-ca',
    may: 'invoke',
    actions: ['lambda:InvokeFunction'],
    by: ['operator', 'importer'],
  },
  {
    resource: 'function reconcile',
    may: 'invoke',
    actions: ['lambda:InvokeFunction'],
    by: ['operator'],
  },
  {
    resource: 'function logs',
    may: 'read',
    actions: [
      'logs:DescribeLogStreams',
      'logs:FilterLogEvents',
      'logs:GetLogEvents',
      'logs:StartQuery',
    ],
    by: ['auditor'],
  },
];

/** What S3 reports, and to whom. S3 allows no overlap of prefixes in a bucket. */
export interface Notification {
  readonly bucket: Bucket;
  readonly prefix: string;
  readonly to: 'upload queue' | 'function reconcile';
}

export const NOTIFICATIONS: readonly Notification[] = [
  // any suffix: an object that got past the bucket policy is looked at, too
  { bucket: 'exchange', prefix: EXCHANGE_PREFIXES.requests, to: 'upload queue' },
  { bucket: 'authority', prefix: AUTHORITY_PREFIXES.requestApprovals, to: 'upload queue' },
  // one standing approval can cover many requests
  { bucket: 'authority', prefix: AUTHORITY_PREFIXES.standingApprovals, to: 'function reconcile' },
];

/** What messages are sent, received and deleted with. Each queue allows them to the principals of its rows only. */
export const MESSAGE_ACTIONS: readonly string[] = [
  'sqs:SendMessage',
  'sqs:ReceiveMessage',
  'sqs:ChangeMessageVisibility',
  'sqs:DeleteMessage',
  'sqs:PurgeQueue',
];

/** What would open a queue to others, or move or lose its messages: for those who deploy. */
export const QUEUE_ADMINISTRATION: readonly string[] = [
  'sqs:AddPermission',
  'sqs:RemovePermission',
  'sqs:SetQueueAttributes',
  'sqs:DeleteQueue',
  'sqs:StartMessageMoveTask',
  'sqs:CancelMessageMoveTask',
];

/** For each message action of a queue, who may use it; everyone else is denied it. */
export function messageReservations(
  queue: QueueResource,
): { actions: readonly string[]; by: readonly Principal[] }[] {
  const groups = new Map<string, { actions: string[]; by: readonly Principal[] }>();
  for (const action of MESSAGE_ACTIONS) {
    const rows = SERVICE_ACCESS.filter((row) => row.resource === queue);
    const by = rows.filter(({ actions }) => actions.includes(action)).flatMap((row) => row.by);
    const group = groups.get(by.join()) ?? { actions: [], by };
    group.actions.push(action);
    groups.set(by.join(), group);
  }
  return [...groups.values()];
}

/**
 * Who may use a CA key. `account`: every principal of the account whose own policy allows it. `key administrators` and
 * `break-glass` are named by the configuration.
 */
export type KeyPrincipal =
  | 'sign'
  | 'create-ca'
  | 'importer'
  | 'account'
  | 'key administrators'
  | 'break-glass';

export interface KeyAccess {
  readonly may:
    | 'administer'
    | 'change the policy'
    | 'enable or keep'
    | 'disable or delete'
    | 'sign'
    | 'get the public key and the state'
    | 'get a wrapping key'
    | 'import'
    | 'grant';
  readonly actions: readonly string[];
  readonly by: readonly KeyPrincipal[];
  /** Only digests, with the one algorithm that the key is for. */
  readonly digestsOnly?: true;
  /** Only requests in which this condition key of KMS has this value. */
  readonly only?: KeyCondition;
  /** Only for keys whose private key is imported; nobody is allowed it with other keys. */
  readonly importedOnly?: true;
  /** Sid of the statement that allows it; absent if nobody is allowed. */
  readonly sid?: string;
  /** Sid of the statement that denies it to everyone else, whatever other policies allow. @default no such statement */
  readonly denialSid?: string;
}

export interface KeyCondition {
  readonly key: string;
  readonly value: string;
  /** Sid of the statement that denies every other value, and none, to everyone. */
  readonly denialSid: string;
}

export const KEY_ACCESS: readonly KeyAccess[] = [
  {
    // None of these signs or passes rights on.
    may: 'administer',
    actions: [
      'kms:DescribeKey',
      'kms:GetPublicKey',
      'kms:GetKeyPolicy',
      'kms:GetKeyRotationStatus', // CloudFormation reads it for every key
      'kms:ListKeyPolicies',
      'kms:ListGrants',
      'kms:ListResourceTags',
      'kms:TagResource',
      'kms:UntagResource',
      'kms:UpdateKeyDescription',
      'kms:CreateAlias',
      'kms:UpdateAlias',
      'kms:DeleteAlias',
    ],
    by: ['account'],
    sid: 'Administration',
  },
  {
    // Control of the key policy is control of the key.
    may: 'change the policy',
    actions: ['kms:PutKeyPolicy', 'kms:ReplicateKey', 'kms:UpdatePrimaryRegion'],
    by: ['key administrators', 'break-glass'],
    sid: 'ChangePolicy',
    denialSid: 'DenyPolicyChanges',
  },
  {
    // A key is disabled in an incident: not every administrator may enable it again.
    may: 'enable or keep',
    actions: ['kms:EnableKey', 'kms:CancelKeyDeletion'],
    by: ['key administrators', 'break-glass'],
    sid: 'Enable',
    denialSid: 'DenyEnable',
  },
  {
    // Without the key no certificate can be renewed, and no other key can replace it. Imported key material is gone at
    // once, without the days of waiting of a deletion.
    may: 'disable or delete',
    actions: ['kms:DisableKey', 'kms:ScheduleKeyDeletion', 'kms:DeleteImportedKeyMaterial'],
    by: ['break-glass'],
    sid: 'DisableAndDelete',
    denialSid: 'DenyDisableAndDelete',
  },
  {
    may: 'sign',
    actions: ['kms:Sign'],
    by: ['sign', 'create-ca'],
    digestsOnly: true,
    sid: 'Sign',
    denialSid: 'NobodyElseSigns',
  },
  {
    // a key that waits for its import has a state, and no public key yet
    may: 'get the public key and the state',
    actions: ['kms:GetPublicKey', 'kms:DescribeKey'],
    by: ['create-ca'],
    sid: 'PublicKey',
  },
  {
    // What is wrapped for it can be read by KMS alone. No other principal needs one: they could only misuse it.
    may: 'get a wrapping key',
    actions: ['kms:GetParametersForImport'],
    by: ['importer'],
    only: {
      key: 'kms:WrappingAlgorithm',
      // the one that the command uses (lib/ca/wrap-key.ts)
      value: 'RSA_AES_KEY_WRAP_SHA_256',
      denialSid: 'NoOtherWrapping',
    },
    importedOnly: true,
    sid: 'WrappingKey',
    denialSid: 'NobodyElseGetsWrappingKeys',
  },
  {
    // Who imports first decides which private key it is. One that expires would end a CA although nobody did anything.
    may: 'import',
    actions: ['kms:ImportKeyMaterial'],
    by: ['importer'],
    only: {
      key: 'kms:ExpirationModel',
      value: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
      denialSid: 'NothingThatExpires',
    },
    importedOnly: true,
    sid: 'Import',
    denialSid: 'NobodyElseImports',
  },
  {
    // A grant would pass Sign on, and nothing needs one.
    may: 'grant',
    actions: ['kms:CreateGrant'],
    by: [],
    denialSid: 'NoGrants',
  },
];

/** The rows as they are for a key: with one that KMS made, nobody may do what is about imported keys. */
export function keyAccessOf({ imported }: { imported: boolean }): readonly KeyAccess[] {
  return imported ? KEY_ACCESS : KEY_ACCESS.flatMap(closedToImports);
}

function closedToImports(row: KeyAccess): KeyAccess[] {
  if (!row.importedOnly) return [row];
  const { may, actions, denialSid } = row;
  return denialSid === undefined ? [] : [{ may, actions, by: [], denialSid }];
}
