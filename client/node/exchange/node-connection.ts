/** How a node reaches the exchange bucket: by its environment, or by its configuration file. */

import type { LeaseObject } from '../../../lib/aws/s3-lease-object.ts';
import { ENVIRONMENT } from '../../../lib/environment-names.ts';
import type { ObjectStore } from '../../../lib/store/object-store.ts';
import { CommandError } from '../../errors.ts';
import { ensureHome } from '../../home.ts';
import { leaseKey } from '../restart/lease.ts';
import type { CakelessYaml } from '../state/cakeless-yaml.ts';

export interface NodeConnection {
  exchange(): Promise<ObjectStore>;
  lease(cluster: string): Promise<LeaseObject>;
}

/** The SDK is loaded when the bucket is asked for first. */
export function connectNode(
  environment: Record<string, string | undefined>,
  { exchangeBucket, region }: CakelessYaml,
): NodeConnection {
  const bucket = () => {
    const name = environment[ENVIRONMENT.exchangeBucket] ?? exchangeBucket;
    if (name) return name;
    throw new CommandError(
      'usage',
      `which bucket? ${ENVIRONMENT.exchangeBucket} is not set`,
      'it may stand in /etc/kubernetes/cakeless.yaml as exchangeBucket',
    );
  };
  const client = async () => {
    ensureHome();
    const { newS3Client } = await import('../../../lib/aws/clients.ts');
    return newS3Client(environment.AWS_REGION ?? region);
  };
  return {
    exchange: async () => {
      const name = bucket();
      const { S3ObjectStore } = await import('../../../lib/aws/s3-object-store.ts');
      return new S3ObjectStore(await client(), name);
    },
    lease: async (cluster) => {
      const name = bucket();
      const { S3LeaseObject } = await import('../../../lib/aws/s3-lease-object.ts');
      return new S3LeaseObject(await client(), name, leaseKey(cluster));
    },
  };
}
