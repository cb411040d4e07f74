/** What `lib/access` allows a principal besides objects, as statements of its role: queues, functions, logs, CA keys. */
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Caller, Principal } from '../lib/access/principals.ts';
import {
  KEY_ACCESS,
  type KeyAccess,
  QUEUES,
  SERVICE_ACCESS,
  type ServiceResource,
} from '../lib/access/services.ts';
import { signingAlgorithmOf } from '../lib/signing/signing-algorithm.ts';
import type { CaPlan } from './ca-plans.ts';
import type { CakelessFunction } from './cakeless-function.ts';
import { requestConditions } from './key-conditions.ts';
import type { Queues } from './queues.ts';

export interface ServiceParts {
  readonly queues: Queues;
  readonly functions: readonly CakelessFunction[];
}

export function grantService(
  grantee: iam.IGrantable,
  { principal }: Caller,
  parts: ServiceParts,
): void {
  for (const { resource, actions, by } of SERVICE_ACCESS)
    if (by.includes(principal))
      grantee.grantPrincipal.addToPrincipalPolicy(
        new iam.PolicyStatement({ actions: [...actions], resources: arnsOf(resource, parts) }),
      );
}

/** A CA key, for those who may use it. */
export interface CaKeyGrant extends Pick<CaPlan, 'keySpec' | 'imported'> {
  readonly arn: string;
}

/** The principals' side of `KEY_ACCESS`. The key policy (`CaKeys`) must allow it too. */
export function grantKeys(
  grantee: iam.IGrantable,
  principal: Principal,
  keys: readonly CaKeyGrant[],
): void {
  for (const row of KEY_ACCESS)
    if (row.by.some((one) => one === principal))
      for (const [algorithm, arns] of arnsByAlgorithm(row, keys))
        grantee.grantPrincipal.addToPrincipalPolicy(
          new iam.PolicyStatement({
            actions: [...row.actions],
            resources: arns,
            conditions: requestConditions(row, algorithm),
          }),
        );
}

/** The keys that a row is about; together, unless it is about signing: each key has one algorithm. */
function arnsByAlgorithm(row: KeyAccess, keys: readonly CaKeyGrant[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { arn, keySpec, imported } of keys) {
    if (row.importedOnly && !imported) continue;
    const algorithm = row.digestsOnly ? signingAlgorithmOf(keySpec).kms : '';
    groups.set(algorithm, [...(groups.get(algorithm) ?? []), arn]);
  }
  return groups;
}

function arnsOf(resource: ServiceResource, { queues, functions }: ServiceParts): string[] {
  const queue = QUEUES.find((one) => one === resource);
  if (queue) return [queues.queueOf(queue).queueArn];
  if (resource === 'function logs') return functions.map(({ logGroup }) => logGroup.logGroupArn);
  return functions
    .filter(({ name }) => resource === `function ${name}`)
    .map((one) => one.function.functionArn);
}
