import { AwsError } from '../aws-error.ts';
import type { LocalResponse } from '../http/message.ts';
import { demandObject, existingBucket, parameter, type S3Call, xmlResponse } from './call.ts';
import { checkedChecksum } from './checksums.ts';
import { writePrecondition } from './preconditions.ts';
import type { XmlElements } from './xml.ts';
import { childText, readXml } from './xml-read.ts';

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html */
export async function deleteObject(call: S3Call): Promise<LocalResponse> {
  const deleted = await removeOne(call, parameter(call, 'versionId'));
  return {
    status: 204,
    headers: {
      ...(deleted.marker ? { 'x-amz-delete-marker': 'true' } : {}),
      ...(deleted.versionId === undefined ? {} : { 'x-amz-version-id': deleted.versionId }),
    },
  };
}

/** How many keys one DeleteObjects can name. */
const maxKeys = 1000;

/**
 * DeleteObjects. Each key succeeds or fails on its own.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
 */
export async function deleteObjects(call: S3Call): Promise<LocalResponse> {
  checkedChecksum(call.payload.body, call.request.headers, call.payload.trailers);
  const document = readXml(call.payload.body.toString('utf8'), 'Delete');
  const objects = document.children.filter(({ name }) => name === 'Object');
  if (objects.length === 0 || objects.length > maxKeys) {
    throw new AwsError('MalformedXML', `1 to ${maxKeys} keys can be deleted at once`);
  }
  const quiet = childText(document, 'Quiet') === 'true';
  const deleted: XmlElements[] = [];
  const failed: XmlElements[] = [];
  for (const object of objects) {
    const key = childText(object, 'Key') ?? '';
    const versionId = childText(object, 'VersionId');
    try {
      const result = await removeOne({ ...call, key }, versionId);
      deleted.push({
        Key: key,
        VersionId: versionId,
        DeleteMarker: result.marker || undefined,
        DeleteMarkerVersionId: result.marker ? result.versionId : undefined,
      });
    } catch (error) {
      if (!(error instanceof AwsError) || error.code === 'NoSuchBucket') throw error;
      failed.push({ Key: key, VersionId: versionId, Code: error.code, Message: error.message });
    }
  }
  return xmlResponse('DeleteResult', { Deleted: quiet ? [] : deleted, Error: failed });
}

/** Deleting a missing object is not an error, as in S3. */
async function removeOne(
  call: S3Call,
  versionId: string | undefined,
): Promise<{ marker: boolean; versionId: string | undefined }> {
  demandObject(call, versionId === undefined ? 's3:DeleteObject' : 's3:DeleteObjectVersion');
  const bucket = existingBucket(call);
  const { store } = call.s3;
  if (versionId === undefined) {
    const check = writePrecondition(call.request.headers);
    const marker = await store.remove(bucket, call.key, check);
    return { marker: marker !== undefined, versionId: marker?.versionId };
  }
  const version = bucket.index
    .versions(call.key)
    .find((candidate) => candidate.versionId === versionId);
  if (version !== undefined) await store.removeVersion(bucket, version);
  return { marker: version?.deleteMarker === true, versionId };
}
