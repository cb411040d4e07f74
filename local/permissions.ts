import { USERID_VARIABLE } from '../lib/access/objects.ts';
import { AwsError } from './aws-error.ts';
import type { Principal, Statement } from './principals.ts';
import { matchesWildcard } from './wildcard.ts';

/** What else a request carries that a permission can depend on. */
export interface RequestConditions {
  /** The request has `If-None-Match: *`, so it cannot replace anything. */
  readonly ifNoneMatch?: boolean;
  /** It has `If-Match`, so it replaces only what its writer has read. */
  readonly ifMatch?: boolean;
  /** What a write asks of the store in addition to keeping the content. */
  readonly options?: readonly StorageOption[];
  /** Condition keys, by their names in IAM. */
  readonly keys?: Readonly<Record<string, string>>;
}

/** What decides what a principal may do. Its id is what IAM's variable `aws:userid` stands for. */
type Permitted = Pick<Principal, 'name' | 'statements' | 'principalId'>;

/** An option of a write that is not S3's default. */
export type StorageOption = 'storage class' | 'encryption' | 'ACL' | 'tags' | 'lock';

/** Whether a statement of the principal allows this. There are no explicit denials: what is not allowed is denied. */
export function allows(
  principal: Permitted,
  action: string,
  resource: string,
  conditions: RequestConditions = {},
): boolean {
  return principal.statements.some(
    (statement) =>
      matchesAny(statement.actions, action) &&
      matchesAny(resourcesOf(statement, principal), resource) &&
      meetsConditions(statement, conditions),
  );
}

/** @throws AwsError that names principal, action and resource, as IAM's messages do */
export function demand(
  principal: Permitted,
  action: string,
  resource: string,
  conditions: RequestConditions = {},
): void {
  if (allows(principal, action, resource, conditions)) return;
  const neededCondition =
    conditions.ifNoneMatch === false && allows(principal, action, resource, { ifNoneMatch: true });
  const { options = [] } = conditions;
  throw new AwsError(
    'AccessDenied',
    `${principal.name} is not authorized to perform: ${action} on resource: "${resource}"${
      neededCondition ? ' without If-None-Match: *' : ''
    }${options.length > 0 && allows(principal, action, resource, { ...conditions, options: [] }) ? ` with ${options.join(', ')}` : ''}${unlessKeys(principal, action, resource, conditions)}`,
  );
}

/** What the statement requires that comes closest to allowing it, if other condition keys would be allowed. */
function unlessKeys(
  principal: Permitted,
  action: string,
  resource: string,
  { keys = {}, ...others }: RequestConditions,
): string {
  const missing = principal.statements
    .filter((statement) => {
      const { equals, ...rest } = statement;
      const open = { ...principal, statements: [rest] };
      return equals !== undefined && allows(open, action, resource, others);
    })
    .map(({ equals = {} }) =>
      Object.entries(equals).filter(([name, value]) => keys[name] !== value),
    )
    .sort((a, b) => a.length - b.length);
  const [closest = []] = missing;
  const required = closest.map(([name, value]) => `${name} is ${value}`).join(' and ');
  return required === '' ? '' : ` unless ${required}`;
}

/** A principal id has none of IAM's wildcards. */
function resourcesOf({ resources }: Statement, { principalId }: Permitted): string[] {
  return resources.map((pattern) => pattern.replaceAll(USERID_VARIABLE, () => principalId));
}

function meetsConditions(statement: Statement, conditions: RequestConditions): boolean {
  if (!meetsKeys(statement, conditions)) return false;
  const { ifNoneMatchRequired, conditionRequired } = statement;
  if (conditionRequired && !conditions.ifNoneMatch && !conditions.ifMatch) return false;
  if (statement.plainOnly && (conditions.options ?? []).length > 0) return false;
  return ifNoneMatchRequired !== true || conditions.ifNoneMatch === true;
}

/** As in IAM, a key without a value equals nothing. */
const meetsKeys = ({ equals = {} }: Statement, { keys = {} }: RequestConditions): boolean =>
  Object.entries(equals).every(([name, value]) => keys[name] === value);

/** Compares actions as written: AWS ignores their case, but all of ours are in AWS's spelling. */
function matchesAny(patterns: readonly string[], text: string): boolean {
  return patterns.some((pattern) => matchesWildcard(pattern, text));
}
