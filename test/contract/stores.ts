/** The implementations of `ObjectStore` that pass its contract. */
import { CreateBucketCommand, DeleteBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { S3ObjectStore } from '../../lib/aws/s3-object-store.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { type ContractEndpoint, freshBucketName, localEndpoint } from './endpoint.ts';
import type { OpenStore } from './object-store-contract.ts';

export async function memoryStore(): Promise<OpenStore> {
  const clock = newClock();
  const store = new MemoryStore();
  store.now = clock.now;
  return { store, advance: clock.advance, close: async () => undefined };
}

/** A new bucket of a running implementation of S3. */
export async function s3Store(client: ContractEndpoint['client']): Promise<OpenStore> {
  const s3 = new S3Client({ ...client, forcePathStyle: true, maxAttempts: 1 });
  const Bucket = freshBucketName();
  await s3.send(new CreateBucketCommand({ Bucket }));
  const store = new S3ObjectStore(s3, Bucket);
  const close = async () => {
    for await (const { key } of store.list('')) await store.remove(key);
    await s3.send(new DeleteBucketCommand({ Bucket }));
    s3.destroy();
  };
  return { store, close };
}

/** `cakeless local` in this process, with a clock that the contract can move. */
export async function startLocalS3() {
  const clock = newClock();
  const endpoint = await localEndpoint(clock.now);
  const open = async (): Promise<OpenStore> => ({
    ...(await s3Store(endpoint.client)),
    advance: clock.advance,
  });
  return { open, close: () => endpoint.close() };
}

function newClock() {
  let aheadMs = 0;
  return {
    now: () => new Date(Date.now() + aheadMs),
    advance: (ms: number) => {
      aheadMs += ms;
    },
  };
}
