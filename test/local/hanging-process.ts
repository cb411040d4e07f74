import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { startLocal } from '../../local/server.ts';

/** A process that takes three messages, reports it, never finishes them, and waits to be killed. */
async function main(dataDir: string): Promise<void> {
  let inFlight = 0;
  const sign = async (_event: unknown): Promise<unknown> => {
    inFlight += 1;
    if (inFlight === 3) console.log('three in flight');
    return new Promise(() => undefined);
  };
  const local = await startLocal({
    dataDir,
    buckets: { exchange: 'exchange', authority: 'authority' },
    functions: { sign },
    queues: [{ name: 'requests', function: 'sign', batchSize: 1 }],
    notifications: [{ bucket: 'exchange', prefix: 'requests/', queue: 'requests' }],
  });
  const { url: endpoint, region, administrator: credentials } = local;
  const s3 = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  for (const n of [1, 2, 3]) {
    const Key = `requests/blue/cp1/r${n}/a.csr`;
    await s3.send(new PutObjectCommand({ Bucket: 'exchange', Key, Body: 'csr' }));
  }
}

void main(process.argv[2] ?? '');
