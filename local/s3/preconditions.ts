import { AwsError } from '../aws-error.ts';
import type { Version } from './version.ts';

/**
 * The check of a conditional write against the current version. A delete marker counts as a missing object.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
export function writePrecondition(
  headers: ReadonlyMap<string, string>,
): (current: Version | undefined) => void {
  const ifNoneMatch = headers.get('if-none-match');
  const ifMatch = headers.get('if-match');
  if (
    (ifNoneMatch !== undefined && ifNoneMatch !== '*') ||
    (ifNoneMatch !== undefined && ifMatch !== undefined)
  ) {
    throw new AwsError(
      'NotImplemented',
      'A header you provided implies functionality that is not implemented: a write takes If-None-Match: * or If-Match: <ETag>',
    );
  }
  return (current) => {
    const object = current?.deleteMarker ? undefined : current;
    if (ifNoneMatch !== undefined && object !== undefined) throw failed('If-None-Match');
    if (ifMatch === undefined) return;
    if (object === undefined) {
      throw new AwsError('NoSuchKey', 'The specified key does not exist.');
    }
    if (!etagMatches(ifMatch, object)) throw failed('If-Match');
  };
}

/** Checks the conditions of a read. @returns whether the reader already has this version (304) */
export function isNotModified(headers: ReadonlyMap<string, string>, version: Version): boolean {
  const ifMatch = headers.get('if-match');
  if (ifMatch !== undefined && !etagMatches(ifMatch, version)) throw failed('If-Match');
  const ifNoneMatch = headers.get('if-none-match');
  return ifNoneMatch !== undefined && etagMatches(ifNoneMatch, version);
}

/** Compares entity tags, with or without quotation marks; `*` matches any. */
function etagMatches(list: string, version: Version): boolean {
  return list
    .split(',')
    .map((tag) => tag.trim().replace(/^"(.*)"$/, '$1'))
    .some((tag) => tag === '*' || tag === version.etag);
}

function failed(condition: string): AwsError {
  return new AwsError(
    'PreconditionFailed',
    'At least one of the pre-conditions you specified did not hold',
    { details: { Condition: condition } },
  );
}
