/** What an update must not change, and what the deletion of the stack must leave. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import {
  CloudFormationClient,
  DescribeStackResourcesCommand,
} from '@aws-sdk/client-cloudformation';
import { DescribeKeyCommand, ListKeysCommand } from '@aws-sdk/client-kms';
import { bundleKey } from '../../lib/contract/trust-domain.ts';
import { CA_NAMES } from '../../lib/profiles/certificate-names.ts';
import { STACK_NAME } from './cdk.ts';
import type { Bucket, Deployment } from './deployment.ts';

export interface Snapshot {
  /** Physical ids of all resources, by type and logical id. */
  readonly resources: Readonly<Record<string, string>>;
  /** Objects by bucket and key, apart from requests and outcomes. */
  readonly objects: Readonly<Record<string, string>>;
}

export async function takeSnapshot(deployment: Deployment): Promise<Snapshot> {
  const resources = await resourcesOf(deployment);
  return { resources, objects: await objectsOf(deployment) };
}

/** @throws Error unless every resource and object of the snapshot still exists, unchanged */
export async function unchanged(deployment: Deployment, before: Snapshot): Promise<void> {
  const after = await takeSnapshot(deployment);
  const kept = Object.keys(before.resources).map((id) => [id, after.resources[id]]);
  deepEqual(Object.fromEntries(kept), before.resources);
  ok(Object.keys(before.resources).length > 50, 'the snapshot contains the stack');
  sameObjects(after.objects, before.objects);
}

/** @throws Error unless the trust domain has its CA certificates */
export async function certificatesOf(deployment: Deployment, trustDomain: string): Promise<void> {
  for (const ca of CA_NAMES) {
    const key = bundleKey(trustDomain, ca);
    const certificate = await deployment.read(deployment.ministack.root, 'exchange', key);
    ok(certificate?.startsWith('-----BEGIN CERTIFICATE-----'), key);
  }
}

/** @throws Error unless keys, records and CA certificates still exist, and the stack does not */
export async function outlived(deployment: Deployment, before: Snapshot): Promise<void> {
  deepEqual(await resourcesOf(deployment).catch(() => ({})), {});
  const kms = deployment.kms();
  const keys = keyIds(before);
  ok(keys.length >= 2 * CA_NAMES.length, 'the stack had the keys of two trust domains');
  const { Keys = [] } = await kms.send(new ListKeysCommand({ Limit: 1000 }));
  for (const KeyId of keys) {
    ok(
      Keys.some((key) => key.KeyId === KeyId),
      `${KeyId} is listed`,
    );
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId }));
    // MiniStack's CloudFormation enables every key; AWS waits for the key material
    const isWaiting =
      KeyMetadata?.Origin === 'EXTERNAL' && KeyMetadata.KeyState === 'PendingImport';
    ok(isWaiting || KeyMetadata?.KeyState === 'Enabled', KeyId);
  }
  sameObjects(await objectsOf(deployment), before.objects);
}

function sameObjects(after: Snapshot['objects'], before: Snapshot['objects']): void {
  const kinds = ['records/', 'ca-records/', 'ca-keys/', 'clusters/', 'trust/'];
  for (const kind of kinds)
    ok(
      Object.keys(before).some((key) => key.startsWith(`authority/${kind}`)),
      `no ${kind}`,
    );
  for (const [key, text] of Object.entries(before)) equal(after[key], text, key);
}

const keyIds = ({ resources }: Snapshot): string[] =>
  Object.entries(resources)
    .filter(([id]) => id.startsWith('AWS::KMS::Key '))
    .map(([, physicalId]) => physicalId);

async function resourcesOf({ ministack }: Deployment): Promise<Record<string, string>> {
  const client = new CloudFormationClient(ministack.client());
  const input = { StackName: STACK_NAME };
  const { StackResources = [] } = await client.send(new DescribeStackResourcesCommand(input));
  return Object.fromEntries(
    StackResources.map(({ ResourceType, LogicalResourceId, PhysicalResourceId }) => [
      `${ResourceType} ${LogicalResourceId}`,
      PhysicalResourceId ?? '',
    ]),
  );
}

async function objectsOf(deployment: Deployment): Promise<Record<string, string>> {
  const root = deployment.ministack.root;
  const objects: Record<string, string> = {};
  const places: [Bucket, string][] = [
    ['authority', ''],
    ['exchange', 'trust/'],
  ];
  for (const [bucket, prefix] of places)
    for (const key of await deployment.keys(root, bucket, prefix))
      objects[`${bucket}/${key}`] = (await deployment.read(root, bucket, key)) ?? '';
  return objects;
}
