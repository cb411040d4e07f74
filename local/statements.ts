/** What a principal may do (lib/access), as statements of the stand-in. */
import { type BucketGrant, bucketGrants, S3_ACTIONS } from '../lib/access/grants.ts';
import { requiredKeys } from '../lib/access/key-conditions.ts';
import type { Caller, Principal as Role } from '../lib/access/principals.ts';
import {
  KEY_ACCESS,
  type KeyAccess,
  SERVICE_ACCESS,
  type ServiceResource,
} from '../lib/access/services.ts';
import type { Bucket } from '../lib/contract/prefixes.ts';
import { FUNCTION_NAMES } from '../lib/environment-names.ts';
import { CA_KEY_SPECS, signingAlgorithmOf } from '../lib/signing/signing-algorithm.ts';
import type { Statement } from './principals.ts';
import { QUEUE_NAMES } from './queue-names.ts';

/** The names of the two buckets of the S3 contract. */
export type ContractBuckets = Readonly<Record<Bucket, string>>;

export function statementsOf(caller: Caller, buckets: ContractBuckets): Statement[] {
  const { principal } = caller;
  const names: readonly Bucket[] = ['exchange', 'authority'];
  return [
    ...names.flatMap((name) => bucketGrants(caller, name)).map((grant) => ofGrant(grant, buckets)),
    ...serviceStatements(principal),
    ...keyStatements(principal),
  ];
}

/**
 * Listing is authorized by the requested prefix, as if it were a key (local/s3/call.ts). The conditions of the bucket
 * policy are part of the statements: the stand-in has no denials.
 */
function ofGrant(grant: BucketGrant, buckets: ContractBuckets): Statement {
  const patterns = 'keys' in grant ? grant.keys : (grant.prefixes ?? ['*']);
  const condition = 'keys' in grant ? grant.condition : undefined;
  return {
    actions: [S3_ACTIONS[grant.verb]],
    resources: patterns.map((pattern) => `arn:aws:s3:::${buckets[grant.bucket]}/${pattern}`),
    ...(grant.verb === 'put' && { plainOnly: true }),
    ...(condition === 'new' && { ifNoneMatchRequired: true }),
    ...(condition === 'compared' && { conditionRequired: true }),
  };
}

function serviceStatements(principal: Role): Statement[] {
  return SERVICE_ACCESS.filter(({ by }) => by.includes(principal)).flatMap(
    ({ resource, actions }) => {
      const arn = RESOURCES[resource];
      return arn === undefined ? [] : [{ actions, resources: [arn] }];
    },
  );
}

/** The stand-in keeps dead letters in a folder, and does not log. */
const RESOURCES: Readonly<Partial<Record<ServiceResource, string>>> = {
  'upload queue': queueArn(QUEUE_NAMES['upload queue']),
  'request queue': queueArn(QUEUE_NAMES['request queue']),
  'function sign': functionArn(FUNCTION_NAMES.sign),
  'function create-ca': functionArn(FUNCTION_NAMES.createCa),
  'function reconcile': functionArn(FUNCTION_NAMES.reconcile),
};

function queueArn(name: string): string {
  return `arn:aws:sqs:*:${name}`;
}

function functionArn(name: string): string {
  return `arn:aws:lambda:*:function:${name}`;
}

/**
 * Rows for `account` have no counterpart: the stand-in has no other principals. The conditions of the key policy are part
 * of the statements, as those of the bucket policy are.
 */
function keyStatements(principal: Role): Statement[] {
  return KEY_ACCESS.filter(({ by }) => by.some((one) => one === principal)).flatMap(ofKeys);
}

/** For keys of every spec, since each signs with the one algorithm of its spec. */
function ofKeys(row: KeyAccess): Statement[] {
  const { actions, digestsOnly, importedOnly } = row;
  const specs = digestsOnly ? CA_KEY_SPECS : [undefined];
  return specs.map((spec) => {
    const equals = {
      ...(spec !== undefined && { 'kms:KeySpec': spec }),
      ...(importedOnly && { 'kms:KeyOrigin': 'EXTERNAL' }),
      ...requiredKeys(row, spec === undefined ? '' : signingAlgorithmOf(spec).kms),
    };
    const isLimited = Object.keys(equals).length > 0;
    return { actions, resources: ['arn:aws:kms:*'], ...(isLimited && { equals }) };
  });
}
