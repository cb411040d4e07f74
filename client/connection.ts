/** The buckets and functions that the command talks to. The SDK is loaded when the first of them is asked for. */
import { ENVIRONMENT, FUNCTION_NAMES } from '../lib/environment-names.ts';
import type { ObjectStore } from '../lib/store/object-store.ts';
import { CommandError } from './errors.ts';
import { ensureHome } from './home.ts';
import { connectNode } from './node/exchange/node-connection.ts';
import type { CakelessYaml } from './node/state/cakeless-yaml.ts';

export interface Connection {
  /** @param node what its configuration file says of bucket and region, where the environment says nothing */
  exchange(node?: CakelessYaml): Promise<ObjectStore>;
  authority(): Promise<ObjectStore>;
  /** Calls the create-ca function and returns its answer. */
  invokeCreateCa(request: unknown): Promise<unknown>;
}

/** @param environment as `process.env`: bucket names here, region, endpoint and credentials as the AWS SDK reads them */
export function connect(environment: Record<string, string | undefined>): Connection {
  const bucket = (name: string) => {
    const value = environment[name];
    if (value) return value;
    throw new CommandError(
      'usage',
      `the environment variable ${name} is not set`,
      'with `cakeless local`, read its --env-file: set -a; . FILE; set +a',
    );
  };
  return {
    exchange: async (node = {}) => {
      if (node.exchangeBucket === undefined) bucket(ENVIRONMENT.exchangeBucket);
      return connectNode(environment, node).exchange();
    },
    authority: () => openBucket(bucket(ENVIRONMENT.authorityBucket)),
    invokeCreateCa: (request) =>
      invoke(environment.CAKELESS_CREATE_CA_FUNCTION ?? FUNCTION_NAMES.createCa, request),
  };
}

async function openBucket(name: string): Promise<ObjectStore> {
  ensureHome();
  const [{ newS3Client }, { S3ObjectStore }] = await Promise.all([
    import('../lib/aws/clients.ts'),
    import('../lib/aws/s3-object-store.ts'),
  ]);
  return new S3ObjectStore(newS3Client(), name);
}

async function invoke(name: string, request: unknown): Promise<unknown> {
  const { invokeFunction } = await import('../lib/aws/lambda-invoke.ts');
  return invokeFunction(name, request);
}
