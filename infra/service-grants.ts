/** What `lib/access` allows a principal besides objects, as statements of its role: queues, functions, logs, CA keys. */
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Caller } from '../lib/access/principals.ts';
import {
  keyAccessOf,
  QUEUES,
  SERVICE_ACCESS,
  type ServiceResource,
} from '../lib/access/services.ts';
import { type CaKeySpec, signingAlgorithmOf } from '../lib/signing/signing-algorithm.ts';
import type { CakelessFunction } from './cakeless-function.ts';
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

/** The functions' side of `KEY_ACCESS`. The key policy (`CaKeys`) must allow it too. */
export function grantKeys(
  functions: readonly CakelessFunction[],
  keyArns: readonly string[],
  keySpec: CaKeySpec,
): void {
  const { kms } = signingAlgorithmOf(keySpec);
  const digests = {
    StringEquals: { 'kms:MessageType': 'DIGEST', 'kms:SigningAlgorithm': kms },
  };
  for (const { name, role } of functions)
    for (const { actions, by, digestsOnly } of keyAccessOf({ imported: false }))
      if (by.some((principal) => principal === name))
        role.addToPolicy(
          new iam.PolicyStatement({
            actions: [...actions],
            resources: [...keyArns],
            conditions: digestsOnly ? digests : {},
          }),
        );
}

function arnsOf(resource: ServiceResource, { queues, functions }: ServiceParts): string[] {
  const queue = QUEUES.find((one) => one === resource);
  if (queue) return [queues.queueOf(queue).queueArn];
  if (resource === 'function logs') return functions.map(({ logGroup }) => logGroup.logGroupArn);
  return functions
    .filter(({ name }) => resource === `function ${name}`)
    .map((one) => one.function.functionArn);
}
