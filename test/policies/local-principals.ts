/** The principals of `cakeless local` that correspond to those of the table, and what they are allowed. */
import { FUNCTION_NAMES } from '../../lib/environment-names.ts';
import { clusterPrincipals } from '../../local/cluster-principals.ts';
import { firstPrincipals } from '../../local/first-principals.ts';
import { allows } from '../../local/permissions.ts';
import type { PrincipalPlan } from '../../local/principals.ts';
import { ALICE, NODE, NODE_11 } from './principals.ts';
import { contextOf } from './requests.ts';
import type { Row } from './table.ts';

const BUCKETS = { exchange: 'exchange', authority: 'authority' };

/** Names of the table by the name that `cakeless local` gives the principal. Its functions share one principal. */
export const LOCAL_NAMES: Readonly<Record<string, readonly string[]>> = {
  service: ['triage', 'sign', 'create-ca', 'reconcile'],
  operator: ['operator'],
  approver: ['approver'],
  auditor: ['auditor'],
  importer: ['importer'],
  [`node:a/${NODE}`]: ['control plane'],
  [`node:a/${NODE_11}`]: ['node 11'],
  [`node:b/${NODE}`]: ['node of b'],
  'forwarder:a': ['forwarder of a'],
  'forwarder:b': ['forwarder of b'],
  'user-requester:a': ['users of a'],
  'relay:a': ['relays of a'],
};

export function localPrincipals(): PrincipalPlan[] {
  const record = Buffer.from(
    JSON.stringify({
      nodes: [
        { name: NODE, role: 'control-plane' },
        { name: NODE_11, role: 'worker' },
      ],
    }),
  );
  return [
    ...firstPrincipals(BUCKETS),
    ...clusterPrincipals('clusters/a.json', record, BUCKETS),
    ...clusterPrincipals('clusters/b.json', record, BUCKETS),
  ];
}

/** Resources that the stand-in has, by their name in the table. It has no dead-letter queue and no logs. */
const ARNS: Readonly<Record<string, string>> = {
  queue: 'arn:aws:sqs:eu-central-1:000000000000:cakeless-requests',
  'function triage': functionArn(FUNCTION_NAMES.triage),
  'function sign': functionArn(FUNCTION_NAMES.sign),
  'function create-ca': functionArn(FUNCTION_NAMES.createCa),
  'function reconcile': functionArn(FUNCTION_NAMES.reconcile),
};

function functionArn(name: string): string {
  return `arn:aws:lambda:eu-central-1:000000000000:function:${name}`;
}

const KEY_ARN = 'arn:aws:kms:eu-central-1:000000000000:key/11111111-1111-4111-8111-111111111111';

/** What keys are, by their name in the table, as their trust domains are configured. */
const KEYS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'key of ca': { 'kms:KeyOrigin': 'AWS_KMS', 'kms:KeySpec': 'ECC_NIST_P256' },
  'imported key': { 'kms:KeyOrigin': 'EXTERNAL', 'kms:KeySpec': 'RSA_2048' },
  'made key beside it': { 'kms:KeyOrigin': 'AWS_KMS', 'kms:KeySpec': 'RSA_2048' },
};

/** Conditions of requests to S3 that the stand-in checks, by variant. It does not judge TLS. */
const CONDITIONS: Readonly<Record<string, { ifNoneMatch: boolean; ifMatch: boolean }>> = {
  '': { ifNoneMatch: true, ifMatch: false },
  'without a condition': { ifNoneMatch: false, ifMatch: false },
  'with If-Match': { ifNoneMatch: false, ifMatch: true },
};

/** Whether the stand-in has what the row is about. */
export function isJudgedLocally({ what, variant = '' }: Row): boolean {
  if (what in KEYS) return true;
  return arnOf(what) !== undefined && variant in CONDITIONS;
}

export function isAllowedLocally(who: PrincipalPlan, row: Row): boolean {
  const { action, what, variant = '' } = row;
  const principal = { ...who, principalId: ALICE };
  const key = KEYS[what];
  if (key) {
    const keys = { ...key, ...contextOf(action, variant) };
    return allows(principal, action, KEY_ARN, { keys });
  }
  const arn = arnOf(what);
  const conditions = CONDITIONS[variant];
  if (arn === undefined || conditions === undefined)
    throw new Error(`not local: ${what} ${variant}`);
  return allows(principal, action, arn, conditions);
}

function arnOf(what: string): string | undefined {
  return /^(?:exchange|authority)\//.test(what) ? `arn:aws:s3:::${what}` : ARNS[what];
}
