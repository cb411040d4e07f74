/** Two views of the object table: what one principal may do, and what is denied to everyone else. */
import type { Bucket } from '../contract/prefixes.ts';
import {
  BUCKET_ACCESS,
  type Deletion,
  OBJECT_ACCESS,
  type ObjectAccess,
  type Own,
  USERID_VARIABLE,
  type Write,
  type WriteCondition,
} from './objects.ts';
import {
  type BoundPrincipal,
  type Caller,
  type Place,
  type Principal,
  placeOf,
} from './principals.ts';

export type ObjectVerb = 'get' | 'get-version' | 'put' | 'delete' | 'delete-version';
export type ListVerb = 'list' | 'list-versions';

/** IAM's action for each verb. */
export const S3_ACTIONS: Readonly<Record<ObjectVerb | ListVerb, string>> = {
  get: 's3:GetObject',
  'get-version': 's3:GetObjectVersion',
  put: 's3:PutObject',
  delete: 's3:DeleteObject',
  'delete-version': 's3:DeleteObjectVersion',
  list: 's3:ListBucket',
  'list-versions': 's3:ListBucketVersions',
};

/** Something that a principal may do in a bucket. */
export interface ObjectGrant {
  readonly bucket: Bucket;
  readonly verb: ObjectVerb;
  /** Patterns of keys, with IAM's `*` and policy variables. */
  readonly keys: readonly string[];
  /** For a put; the bucket policy requires it of every principal. */
  readonly condition?: WriteCondition | undefined;
}

export interface ListGrant {
  readonly bucket: Bucket;
  readonly verb: ListVerb;
  /** Patterns of the prefixes that may be listed; undefined for the whole bucket. */
  readonly prefixes?: readonly string[];
}

export type BucketGrant = ObjectGrant | ListGrant;

/** Everything that a principal may do with one bucket. */
export function bucketGrants(caller: Caller, bucket: Bucket): BucketGrant[] {
  const { principal } = caller;
  const place = boundOf(caller);
  const rows = rowsOf(bucket);
  const readable = rows.filter(({ get }) => get.includes(principal));
  const readableKeys = readable.map((row) => keyPattern(row, place));
  const versions = BUCKET_ACCESS[bucket].versions.includes(principal);
  return [
    ...listGrants(principal, bucket, readable, place),
    ...objectGrant(bucket, 'get', readableKeys),
    ...objectGrant(bucket, 'get-version', versions ? readableKeys : []),
    ...[undefined, 'new' as const, 'compared' as const].flatMap((condition) =>
      objectGrant(bucket, 'put', keysToPut(rows, principal, place, condition), condition),
    ),
    ...objectGrant(bucket, 'delete', keysToDelete(rows, principal, place)),
  ];
}

/** Something that is denied to everyone: a put without its condition, or a deletion. */
export interface Denial {
  readonly verb: 'put' | 'delete' | 'delete-version';
  readonly keys: readonly string[];
  /** For a put: the header without which it is denied. */
  readonly unless?: WriteCondition;
}

export function bucketDenials(bucket: Bucket): Denial[] {
  const rows = rowsOf(bucket);
  const putOnly = (unless: WriteCondition) => ({
    verb: 'put' as const,
    unless,
    keys: distinct(
      rows.flatMap((row) =>
        row.put
          .filter(({ condition }) => condition === unless)
          .flatMap((write) => keyPatterns(row, undefined, write.suffixes)),
      ),
    ),
  });
  const kept = (what: 'objects' | 'versions') =>
    rows.filter(({ keeps }) => keeps?.includes(what)).map((row) => keyPattern(row));
  const denials: Denial[] = [
    putOnly('new'),
    putOnly('compared'),
    { verb: 'delete', keys: kept('objects') },
    { verb: 'delete-version', keys: kept('versions') },
  ];
  return denials.filter(({ keys }) => keys.length > 0);
}

/** What is denied to everyone except some principals. */
export interface Reservation {
  readonly verb: 'put' | 'delete' | 'delete-version';
  /** Who may, provided that their own policies allow it; nobody if it is empty. */
  readonly by: readonly Principal[];
  /** Whether break-glass may as well. */
  readonly breakGlass: boolean;
  /** Patterns of keys. */
  readonly keys: readonly string[];
  /** The keys are those that are not reserved. */
  readonly everyOtherKey?: true;
}

/**
 * By bucket, who writes and deletes which keys, and that nobody writes a key that the contract does not have. Rows with
 * the same principals are one reservation: a bucket policy has at most 20 KB. So are the writers of one row: `*` also
 * matches slashes, so the patterns of a folder match keys of the others below the same prefix. Which of its row's keys
 * a writer may write is in its own policy.
 */
export function bucketReservations(bucket: Bucket): Reservation[] {
  const rows = rowsOf(bucket);
  const puts = byPrincipals(rows, ({ put }) => put);
  const deletions = byPrincipals(rows, (row) => row.delete ?? []);
  const all = (reserved: readonly { keys: readonly string[] }[]) =>
    reserved.flatMap(({ keys }) => keys);
  return [
    ...puts.map((one) => ({ ...one, verb: 'put' as const, breakGlass: false })),
    { verb: 'put', by: [], breakGlass: false, keys: all(puts), everyOtherKey: true },
    ...deletions.map((one) => ({ ...one, verb: 'delete' as const, breakGlass: true })),
    { verb: 'delete', by: [], breakGlass: true, keys: all(deletions), everyOtherKey: true },
    { verb: 'delete-version', by: [], breakGlass: true, keys: [], everyOtherKey: true },
  ];
}

/**
 * The actions on a bucket and its objects that `lib/access` decides about, and those that only read. Everything else
 * (policies, versioning, lifecycle, replication, notifications, encryption, ACLs, tags, locks, and whatever S3 gets
 * next) is for those who deploy.
 */
export const ORDINARY_ACTIONS: readonly string[] = [
  's3:Get*',
  's3:List*',
  ...(['put', 'delete', 'delete-version'] as const).map((verb) => S3_ACTIONS[verb]),
  's3:AbortMultipartUpload',
];

const distinct = (texts: readonly string[]): string[] => [...new Set(texts)];

const rowsOf = (bucket: Bucket) => OBJECT_ACCESS.filter((row) => row.bucket === bucket);

function byPrincipals(
  rows: readonly ObjectAccess[],
  writesOf: (row: ObjectAccess) => readonly (Write | Deletion)[],
): { by: readonly Principal[]; keys: readonly string[] }[] {
  const groups = new Map<string, { by: readonly Principal[]; keys: string[] }>();
  for (const row of rows) {
    const writes = writesOf(row);
    const by = [...new Set(writes.flatMap((write) => write.by))];
    const group = groups.get(by.join()) ?? { by, keys: [] };
    group.keys.push(...writes.flatMap(({ suffixes }) => keyPatterns(row, undefined, suffixes)));
    if (by.length > 0) groups.set(by.join(), { by, keys: distinct(group.keys) });
  }
  return [...groups.values()];
}

function listGrants(
  principal: Principal,
  bucket: Bucket,
  readable: readonly ObjectAccess[],
  place: Bound | undefined,
): ListGrant[] {
  const { list, versions } = BUCKET_ACCESS[bucket];
  const own = place
    ? readable.filter((row) => ownOf(row, place)).map((row) => keyPattern(row, place))
    : [];
  return [
    ...(list.includes(principal) ? [{ bucket, verb: 'list' as const }] : []),
    ...(own.length > 0 ? [{ bucket, verb: 'list' as const, prefixes: own }] : []),
    ...(versions.includes(principal) ? [{ bucket, verb: 'list-versions' as const }] : []),
  ];
}

function keysToPut(
  rows: readonly ObjectAccess[],
  principal: Principal,
  place: Bound | undefined,
  condition: WriteCondition | undefined,
): string[] {
  return rows.flatMap((row) =>
    row.put
      .filter((write) => write.condition === condition && write.by.includes(principal))
      .flatMap(({ suffixes, ownName }) =>
        keyPatterns(row, place, ownName ? [`/${USERID_VARIABLE}.json`] : suffixes),
      ),
  );
}

function keysToDelete(
  rows: readonly ObjectAccess[],
  principal: Principal,
  place: Bound | undefined,
): string[] {
  return rows.flatMap((row) =>
    (row.delete ?? [])
      .filter(({ by }) => by.includes(principal))
      .flatMap(({ suffixes }) => keyPatterns(row, place, suffixes)),
  );
}

function objectGrant(
  bucket: Bucket,
  verb: ObjectVerb,
  keys: readonly string[],
  condition?: WriteCondition,
): ObjectGrant[] {
  return keys.length > 0 ? [{ bucket, verb, keys, condition }] : [];
}

/** A principal that is bound to a place. */
interface Bound extends Place {
  readonly principal: BoundPrincipal;
}

function boundOf(caller: Caller): Bound | undefined {
  const place = placeOf(caller);
  return place && 'cluster' in caller ? { ...place, principal: caller.principal } : undefined;
}

const ownOf = ({ own }: ObjectAccess, { principal }: Bound): Own | undefined =>
  typeof own === 'string' ? own : own?.[principal];

/** All keys of a row; for a principal that is bound to a place, those that it owns. */
function keyPattern(row: ObjectAccess, place?: Bound): string {
  const own = place && ownOf(row, place);
  if (place === undefined || own === undefined) return `${row.prefix}*`;
  const { cluster, node } = place;
  return row.prefix + own.replace('<cluster>', () => cluster).replace('<node>', () => node);
}

function keyPatterns(
  row: ObjectAccess,
  place: Bound | undefined,
  suffixes: readonly string[] = [''],
): string[] {
  return suffixes.map((suffix) => keyPattern(row, place) + suffix);
}
