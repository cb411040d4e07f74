/** The buckets and functions that the commands use. The SDK is loaded when the first of them is needed. */
import type { KeyImport } from '../lib/ca/key-import.ts';
import { ENVIRONMENT, FUNCTION_NAMES } from '../lib/environment-names.ts';
import type { ObjectStore } from '../lib/store/object-store.ts';
import { CommandError } from './errors.ts';
import { ensureHome } from './home.ts';
import { connectNode } from './node/exchange/node-connection.ts';
import type { CakelessYaml } from './node/state/cakeless-yaml.ts';
import { openBucket } from './open-bucket.ts';

export interface Connection {
  /** @param node its configuration file, for a bucket or region that the environment does not set */
  exchange(node?: CakelessYaml): Promise<ObjectStore>;
  authority(): Promise<ObjectStore>;
  /** The caller's own `aws:userid`. */
  userId(): Promise<string>;
  /** Calls the create-ca function and returns its response. */
  invokeCreateCa(request: unknown): Promise<unknown>;
  /** KMS, to import the keys of CAs. */
  keyImport(): Promise<KeyImport>;
}

/** @param environment as `process.env`; the bucket names are read from it, everything else by the AWS SDK itself */
export function connect(environment: Record<string, string | undefined>): Connection {
  const bucket = (name: string) => {
    const value = environment[name];
    if (value) return value;
    throw new CommandError(
      'usage',
      `the environment variable ${name} is not set`,
      'set it to the name that the deployment printed; with cakeless local, load the file that --write-env names: set -a; . FILE; set +a',
    );
  };
  return {
    exchange: async (node = {}) => {
      if (node.exchangeBucket === undefined) bucket(ENVIRONMENT.exchangeBucket);
      return connectNode(environment, node).exchange();
    },
    authority: async () => openBucket(bucket(ENVIRONMENT.authorityBucket)),
    userId: async () => {
      ensureHome();
      const { callerUserId } = await import('../lib/aws/caller-identity.ts');
      return callerUserId();
    },
    invokeCreateCa: (request) =>
      invoke(environment.CAKELESS_CREATE_CA_FUNCTION ?? FUNCTION_NAMES.createCa, request),
    keyImport: async () => {
      ensureHome();
      const [{ newKmsImportClient }, { KmsKeyImport }] = await Promise.all([
        import('../lib/aws/kms-client.ts'),
        import('../lib/aws/kms-key-import.ts'),
      ]);
      return new KmsKeyImport(newKmsImportClient(environment));
    },
  };
}

async function invoke(name: string, request: unknown): Promise<unknown> {
  const { invokeFunction } = await import('../lib/aws/lambda-invoke.ts');
  return invokeFunction(name, request);
}
