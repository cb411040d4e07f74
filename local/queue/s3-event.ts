import type { CreatedObject } from '../s3/call.ts';
import type { Surroundings } from '../surroundings.ts';

/**
 * The notification about a written object, as S3 sends it to a queue. The key is form-encoded: a space is `+`.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
 */
export function s3Event(created: CreatedObject, { region, accountId }: Surroundings): object {
  const { version } = created;
  return {
    Records: [
      {
        eventVersion: '2.1',
        eventSource: 'aws:s3',
        awsRegion: region,
        eventTime: version.lastModified,
        eventName: created.eventName,
        userIdentity: { principalId: `AWS:${created.principalId}` },
        requestParameters: { sourceIPAddress: created.sourceIp },
        responseElements: {
          'x-amz-request-id': created.requestId,
          'x-amz-id-2': 'cakeless-local',
        },
        s3: {
          s3SchemaVersion: '1.0',
          configurationId: 'cakeless-local',
          bucket: {
            name: created.bucket,
            ownerIdentity: { principalId: accountId },
            arn: `arn:aws:s3:::${created.bucket}`,
          },
          object: {
            key: encodeKey(version.key),
            size: version.size,
            eTag: version.etag,
            ...(created.versioned ? { versionId: version.versionId } : {}),
            sequencer: version.sequencer,
          },
        },
      },
    ],
  };
}

/** As java.net.URLEncoder does it, which S3's keys match; slashes stay. */
function encodeKey(key: string): string {
  return encodeURIComponent(key)
    .replace(/[!'()~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')
    .replaceAll('%2F', '/');
}
