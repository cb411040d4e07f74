import type { ObjectStore } from '../lib/store/object-store.ts';
import { ensureHome } from './home.ts';

/**
 * Loads the SDK only when a bucket is needed: that takes longer than everything else at start.
 * @param region replaces the one that the SDK finds in the environment
 */
export async function openBucket(name: string, region?: string): Promise<ObjectStore> {
  ensureHome();
  const [{ newS3Client }, { S3ObjectStore }] = await Promise.all([
    import('../lib/aws/clients.ts'),
    import('../lib/aws/s3-object-store.ts'),
  ]);
  return new S3ObjectStore(newS3Client(region), name);
}
