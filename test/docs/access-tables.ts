/** Who can do what, as Markdown, from the tables of lib/access. */
import { type BucketGrant, bucketGrants } from '../../lib/access/grants.ts';
import {
  OBJECT_ACCESS,
  type ObjectAccess,
  USERID_VARIABLE,
  type Write,
} from '../../lib/access/objects.ts';
import {
  BOUND_PRINCIPALS,
  type BoundPrincipal,
  type Caller,
  PEOPLE,
  PRINCIPALS,
  type Principal,
} from '../../lib/access/principals.ts';
import { KEY_ACCESS, type KeyAccess, SERVICE_ACCESS } from '../../lib/access/services.ts';
import type { Bucket } from '../../lib/contract/prefixes.ts';

/** By principal: for docs/deployment.md. */
export function principalTable(): string {
  return markdown(
    ['who', 'exchange', 'authority', 'other'],
    PRINCIPALS.map((principal) => {
      const caller = callerOf(principal);
      return [
        principal,
        grantsCell(caller, 'exchange'),
        grantsCell(caller, 'authority'),
        otherCell(principal),
      ];
    }),
  );
}

/**
 * By object: for docs/security-model.md. The last column is the pattern with which the cases of a row are run; that each
 * cell has a case is checked by test/policies/every-cell.test.ts.
 */
export function objectTable(): string {
  return markdown(
    ['bucket', 'objects', 'get', 'put', 'a put must be', 'delete', 'nobody may delete', 'tests'],
    OBJECT_ACCESS.flatMap((row) =>
      row.put.map((write) => [
        row.bucket,
        keysOf(row, write).map(code).join(', '),
        principals(row, row.get),
        principals(row, write.by),
        CONDITIONS[write.condition ?? 'none'],
        principals(row, deletersOf(row, write)),
        (row.keeps ?? []).join(', '),
        code(`${row.bucket}/${row.prefix}`),
      ]),
    ),
  );
}

/** By what can be done with a CA key: for docs/deployment.md. */
export function keyTable(): string {
  return markdown(
    ['may', 'KMS actions', 'who', 'everyone else'],
    KEY_ACCESS.map((row) => [
      row.may + (row.digestsOnly ? ' digests' : ''),
      row.actions.map((action) => code(action.replace('kms:', ''))).join(', ') + conditionOf(row),
      row.by.join(', ') || 'nobody',
      row.denialSid ? 'denied' : '',
    ]),
  );
}

function conditionOf({ only, importedOnly }: KeyAccess): string {
  const value = only ? ` with ${code(only.value)}` : '';
  return `${value}${importedOnly ? ', of imported keys' : ''}`;
}

const CONDITIONS = { new: 'new', compared: 'new, or over what was read', none: '' };

function callerOf(principal: Principal): Caller {
  const cluster = '<cluster>';
  if (principal === 'node') return { principal, cluster, node: '<node>' };
  return isBound(principal) ? { principal, cluster } : { principal };
}

const isBound = (principal: Principal): principal is BoundPrincipal =>
  BOUND_PRINCIPALS.some((bound) => bound === principal);

function grantsCell(caller: Caller, bucket: Bucket): string {
  return bucketGrants(caller, bucket).map(grantText).join('; ');
}

function grantText(grant: BucketGrant): string {
  const word = grant.verb.replace(/-versions?$/, ' versions of');
  if (!('keys' in grant)) return `${word} ${grant.prefixes?.map(code).join(', ') ?? 'everything'}`;
  const condition = grant.condition ? ` (${CONDITIONS[grant.condition]})` : '';
  const { length } = OBJECT_ACCESS.filter(({ bucket }) => bucket === grant.bucket);
  const all = grant.keys.length === length && grant.keys.every((key) => /^[^*]+\/\*$/.test(key));
  return `${word} ${all ? 'everything' : grant.keys.map(code).join(', ')}${condition}`;
}

function otherCell(principal: Principal): string {
  return [
    ...SERVICE_ACCESS.filter(({ by }) => by.includes(principal)).map(
      ({ resource, may }) => `${resource}: ${may}`,
    ),
    ...KEY_ACCESS.filter(({ by }) => by.some((one) => one === principal)).map(
      ({ may }) => `CA keys: ${may}`,
    ),
  ].join('; ');
}

const keysOf = ({ prefix }: ObjectAccess, { suffixes = [''], ownName }: Write) =>
  (ownName ? [`/${USERID_VARIABLE}.json`] : suffixes).map((suffix) => `${prefix}*${suffix}`);

/** Who deletes the objects of a write: a deletion without suffixes is of all of them. */
function deletersOf(row: ObjectAccess, write: Write): readonly Principal[] {
  return (row.delete ?? [])
    .filter(({ suffixes }) => suffixes === undefined || sameList(suffixes, write.suffixes))
    .flatMap(({ by }) => by);
}

const sameList = (a: readonly string[], b: readonly string[] = []) => a.join() === b.join();

/**
 * Bound principals are marked "(own)" if they reach only their own part of a row; the three roles of people are
 * summarized as "people".
 */
function principals({ own }: ObjectAccess, by: readonly Principal[]): string {
  const everyPerson = PEOPLE.every((person) => by.includes(person));
  const isPerson = (one: Principal) => PEOPLE.some((person) => person === one);
  const others = by.filter((one) => !(everyPerson && isPerson(one)));
  const names = others.map((one) => (own && isBound(one) ? `${one} (own)` : one));
  return [...names, ...(everyPerson ? ['people'] : [])].join(', ');
}

function markdown(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return [header, header.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`.replaceAll(/ {2,}/g, ' '))
    .join('\n');
}

const code = (text: string) => `\`${text}\``;
