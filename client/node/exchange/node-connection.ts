/** How a node reaches the exchange bucket: by its environment, or by its configuration file. */
import { ENVIRONMENT } from '../../../lib/environment-names.ts';
import type { ObjectStore } from '../../../lib/store/object-store.ts';
import { CommandError } from '../../errors.ts';
import { openBucket } from '../../open-bucket.ts';
import type { CakelessYaml } from '../state/cakeless-yaml.ts';
import { requireTrustedCredentials } from '../state/credentials.ts';

export interface NodeConnection {
  exchange(): Promise<ObjectStore>;
}

/** The environment takes precedence over the file. */
export function connectNode(
  environment: Record<string, string | undefined>,
  { exchangeBucket, region }: CakelessYaml,
): NodeConnection {
  return {
    exchange: async () => {
      const bucket = environment[ENVIRONMENT.exchangeBucket] ?? exchangeBucket;
      if (bucket) {
        requireTrustedCredentials(environment);
        return openBucket(bucket, environment.AWS_REGION ?? region);
      }
      throw new CommandError(
        'usage',
        `the name of the exchange bucket is missing: ${ENVIRONMENT.exchangeBucket} is not set`,
        'set it, or exchangeBucket in /etc/kubernetes/cakeless.yaml',
      );
    },
  };
}
