import { AUTHORITY_PREFIXES } from '../lib/contract/prefixes.ts';
import { clusterPrincipals } from './cluster-principals.ts';
import type { LocalOptions } from './local-options.ts';
import type { PrincipalBook } from './principals.ts';
import type { MessageQueue } from './queue/message-queue.ts';
import { s3Event } from './queue/s3-event.ts';
import type { CreatedObject } from './s3/call.ts';
import type { ObjectStore } from './s3/object-store.ts';
import type { Surroundings } from './surroundings.ts';

/** What happens after a write, before the response to its writer. */
export function reactions(
  { buckets, notifications }: Pick<LocalOptions, 'buckets' | 'notifications'>,
  surroundings: Surroundings,
  principals: PrincipalBook,
  queue: MessageQueue,
): (created: CreatedObject) => Promise<void> {
  return async (created) => {
    const { key } = created.version;
    if (created.bucket === buckets.authority) {
      await principals.add(clusterPrincipals(key, created.content, buckets));
    }
    if (
      notifications.some(
        ({ bucket, prefix }) => bucket === created.bucket && key.startsWith(prefix),
      )
    ) {
      const body = JSON.stringify(s3Event(created, surroundings));
      await queue.send({ body, messageAttributes: {}, senderId: 'AIDALOCALS3NOTIFIER' });
    }
  };
}

/** Recovers from a kill between writing a cluster record and adding its principals. */
export async function addClusterPrincipals(
  store: ObjectStore,
  principals: PrincipalBook,
  { buckets }: Pick<LocalOptions, 'buckets'>,
): Promise<void> {
  const authority = store.bucket(buckets.authority);
  if (authority === undefined) return;
  for (const { version, latest } of authority.index.allVersions(
    AUTHORITY_PREFIXES.clusters,
    '',
    '',
  )) {
    if (!latest || version.deleteMarker) continue;
    const record = await store.content(authority, version);
    await principals.add(clusterPrincipals(version.key, record, buckets));
  }
}
