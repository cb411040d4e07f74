import { AwsError } from './aws-error.ts';
import type { Principal, Statement } from './principals.ts';
import { matchesWildcard } from './wildcard.ts';

/** What is true of a request beside action and resource. */
export interface RequestConditions {
  /** The request says `If-None-Match: *`, so it can't replace anything. */
  readonly ifNoneMatch?: boolean;
  /** It says `If-Match`, so it replaces nothing but what its writer has read. */
  readonly ifMatch?: boolean;
}

/** Whether a statement of the principal allows this. There are no denials: what is not allowed is refused. */
export function allows(
  principal: Pick<Principal, 'name' | 'statements'>,
  action: string,
  resource: string,
  conditions: RequestConditions = {},
): boolean {
  return principal.statements.some(
    (statement) =>
      matchesAny(statement.actions, action) &&
      matchesAny(statement.resources, resource) &&
      meetsConditions(statement, conditions),
  );
}

/** Refuses, naming who, what and on what, as IAM's messages do. */
export function demand(
  principal: Pick<Principal, 'name' | 'statements'>,
  action: string,
  resource: string,
  conditions: RequestConditions = {},
): void {
  if (allows(principal, action, resource, conditions)) return;
  const wouldDo =
    conditions.ifNoneMatch === false && allows(principal, action, resource, { ifNoneMatch: true });
  throw new AwsError(
    'AccessDenied',
    `${principal.name} is not authorized to perform: ${action} on resource: "${resource}"${
      wouldDo ? ' without If-None-Match: *' : ''
    }`,
  );
}

function meetsConditions(statement: Statement, conditions: RequestConditions): boolean {
  const { ifNoneMatchRequired, conditionRequired } = statement;
  if (conditionRequired && !conditions.ifNoneMatch && !conditions.ifMatch) return false;
  return ifNoneMatchRequired !== true || conditions.ifNoneMatch === true;
}

/** Actions and resources compare as written; AWS ignores case in actions, ours are always in AWS's case. */
function matchesAny(patterns: readonly string[], text: string): boolean {
  return patterns.some((pattern) => matchesWildcard(pattern, text));
}
