import { AUTHORITY_PREFIXES } from '../lib/contract/prefixes.ts';
import { clusterPrincipals } from './cluster-principals.ts';
import type { LocalOptions } from './local-options.ts';
import type { PrincipalBook } from './principals.ts';
import { s3Event } from './queue/s3-event.ts';
import type { CreatedObject } from './s3/call.ts';
import type { ObjectStore } from './s3/object-store.ts';
import type { Surroundings } from './surroundings.ts';

/** Whom S3 notifies. */
export interface Notified {
  /** Resolves when the event is in the queue. */
  send(queue: string, event: object): Promise<void>;
  /** Asynchronous: returns at once. */
  invoke(functionName: string, event: object): void;
}

/** What happens after a write, before the response to its writer. */
export function reactions(
  { buckets, notifications }: Pick<LocalOptions, 'buckets' | 'notifications'>,
  surroundings: Surroundings,
  principals: PrincipalBook,
  notified: Notified,
): (created: CreatedObject) => Promise<void> {
  return async (created) => {
    const { key } = created.version;
    if (created.bucket === buckets.authority) {
      await principals.add(clusterPrincipals(key, created.content, buckets));
    }
    // S3 accepts no notifications whose prefixes overlap
    const notification = notifications.find(
      ({ bucket, prefix }) => bucket === created.bucket && key.startsWith(prefix),
    );
    if (notification === undefined) return;
    const event = s3Event(created, surroundings);
    if ('queue' in notification) await notified.send(notification.queue, event);
    else notified.invoke(notification.function, event);
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
