/** Tags of objects. https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html */
import { AwsError } from '../aws-error.ts';
import { decodePercent } from '../http/read-request.ts';

export interface Tag {
  readonly key: string;
  readonly value: string;
}

const MAX_TAGS = 10;
const MAX_KEY_LENGTH = 128;
const MAX_VALUE_LENGTH = 256;

/** Reads the header, which has the form of a query: `a=1&b=2`. */
export function readTags(header: string): Tag[] {
  const tags = header
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const [key = '', ...value] = pair.replaceAll('+', ' ').split('=');
      return { key: decodePercent(key), value: decodePercent(value.join('=')) };
    });
  if (tags.length > MAX_TAGS)
    throw new AwsError('BadRequest', `Object tags cannot be greater than ${MAX_TAGS}`);
  if (new Set(tags.map(({ key }) => key)).size < tags.length)
    throw new AwsError('InvalidTag', 'Cannot provide multiple Tags with the same key');
  for (const { key, value } of tags) {
    if (key.length === 0 || key.length > MAX_KEY_LENGTH)
      throw new AwsError('InvalidTag', 'The TagKey you have provided is invalid');
    if (value.length > MAX_VALUE_LENGTH)
      throw new AwsError('InvalidTag', 'The TagValue you have provided is invalid');
  }
  return tags;
}
