/** The environment of each principal of `cakeless local`: administrator, node, approver and so on. */
import { join } from 'node:path';
import { ENVIRONMENT } from '../lib/environment-names.ts';
import { makeFolder, writeDurably } from '../lib/files/durable-file.ts';
import type { Principal } from '../local/principals.ts';

export const LOCAL_BUCKETS = { exchange: 'cakeless-exchange', authority: 'cakeless-authority' };

/** Where the local service listens. */
export interface LocalPlace {
  readonly url: string;
  readonly region: string;
}

type Credentials = Pick<Principal, 'accessKeyId' | 'secretAccessKey'>;

/** The environment with which the AWS SDKs, the AWS CLI and `cakeless` reach the local service. */
export function environmentOf(
  { url, region }: LocalPlace,
  { accessKeyId, secretAccessKey }: Credentials,
): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: url,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region, // the only one that boto3 and version 1 of the AWS CLI read
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    [ENVIRONMENT.exchangeBucket]: LOCAL_BUCKETS.exchange,
    [ENVIRONMENT.authorityBucket]: LOCAL_BUCKETS.authority,
  };
}

/** Shell assignments, for `set -a; . FILE; set +a`. */
export function environmentText(place: LocalPlace, credentials: Credentials): string {
  const lines = Object.entries(environmentOf(place, credentials));
  return lines.map(([name, value]) => `${name}='${value}'\n`).join('');
}

export const environmentsFolder = (dataDir: string) => join(dataDir, 'environments');

/** `node:prod/cp-1.example.com` is in `node_prod_cp-1.example.com.env`. */
export const environmentFileName = (principal: string) =>
  `${principal.replace(/[^\w.-]/g, '_')}.env`;

/** Writes one file for each principal, readable only for the user who runs the service. */
export async function writeEnvironments(
  dataDir: string,
  place: LocalPlace,
  principals: readonly Principal[],
): Promise<void> {
  const folder = environmentsFolder(dataDir);
  await makeFolder(folder);
  for (const principal of principals)
    await writeDurably(
      join(folder, environmentFileName(principal.name)),
      environmentText(place, principal),
    );
}
