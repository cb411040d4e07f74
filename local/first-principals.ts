/** The principals that exist from the first start; those of nodes are added with their cluster record. */
import type { PrincipalPlan, Statement } from './principals.ts';
import { type ContractBuckets, statementsOf } from './statements.ts';

/** @param more what the functions may do beyond `lib/access` */
export function firstPrincipals(
  buckets: ContractBuckets,
  more: readonly Statement[] = [],
): PrincipalPlan[] {
  return [
    {
      name: 'administrator',
      kind: 'user',
      description: 'May do everything, for setup and inspection.',
      statements: [{ actions: ['*'], resources: ['*'] }],
    },
    {
      name: 'service',
      kind: 'role',
      description: 'The functions. In a deployment each has its own role.',
      statements: [
        ...statementsOf({ principal: 'triage' }, buckets),
        ...statementsOf({ principal: 'sign' }, buckets),
        ...statementsOf({ principal: 'create-ca' }, buckets),
        ...statementsOf({ principal: 'reconcile' }, buckets),
        ...more,
      ],
    },
    {
      name: 'operator',
      kind: 'role',
      description: 'Reads everything, writes cluster records, and creates trust domains.',
      statements: statementsOf({ principal: 'operator' }, buckets),
    },
    {
      name: 'approver',
      kind: 'role',
      description: 'Reads everything, writes approvals under its own name.',
      statements: statementsOf({ principal: 'approver' }, buckets),
    },
    {
      name: 'auditor',
      kind: 'role',
      description: 'Reads everything, writes nothing.',
      statements: statementsOf({ principal: 'auditor' }, buckets),
    },
    {
      name: 'importer',
      kind: 'role',
      description: 'Imports CA keys of existing clusters, and has them adopted.',
      statements: statementsOf({ principal: 'importer' }, buckets),
    },
  ];
}
