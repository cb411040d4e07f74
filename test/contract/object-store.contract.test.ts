import { objectStoreContract } from './object-store-contract.ts';
import { memoryStore, startLocalS3 } from './stores.ts';

describe('MemoryStore', () => objectStoreContract(it, memoryStore));

describe('S3ObjectStore with cakeless local', () => {
  let local: Awaited<ReturnType<typeof startLocalS3>>;
  beforeAll(async () => {
    local = await startLocalS3();
  });
  afterAll(() => local?.close());

  objectStoreContract(it, () => local.open());
});
