/** A service, and nodes without AWS credentials, for suites of invitations and files. */
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { newestCluster } from '../../../client/demo/clusters.ts';
import type { Invitation } from '../../../client/node/exchange/invitation.ts';
import { S3ObjectStore } from '../../../lib/aws/s3-object-store.ts';
import { cakeless } from '../../support/running-service-command.ts';
import { type ServiceProcess, startServiceProcess } from '../../support/running-service-process.ts';

export const { name: CLUSTER, node: NODE, config, csrs } = newestCluster;
export const OTHER = 'cp-2.prod.example.com';
export const folder = mkdtempSync(join(tmpdir(), 'cakeless-without-aws-'));
export let service: ServiceProcess;
export let bare: Record<string, string | undefined>;
let count = 0;

export const admin = (...args: string[]) => cakeless(service.environment, ...args);
/** On a node without credentials, bucket names and region. */
export const node = (...args: string[]) => cakeless(bare, ...args);
export const file = (name: string) => join(folder, `${++count}-${name}`);

export function s3(): S3Client {
  const { environment } = service;
  return new S3Client({
    endpoint: environment.AWS_ENDPOINT_URL ?? '',
    region: environment.AWS_REGION ?? '',
    requestChecksumCalculation: 'WHEN_REQUIRED',
    credentials: {
      accessKeyId: environment.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: environment.AWS_SECRET_ACCESS_KEY ?? '',
    },
  });
}

export async function invite(of = NODE, ...more: string[]) {
  const out = file('invitation.json');
  const run = await admin('invite', '--cluster', CLUSTER, '--node', of, '--out', out, ...more);
  expect(run).toMatchObject({ exitCode: 0 });
  return { out, invitation: JSON.parse(readFileSync(out, 'utf8')) as Invitation };
}

beforeAll(async () => {
  service = await startServiceProcess(folder);
  bare = Object.fromEntries(Object.keys(service.environment).map((name) => [name, undefined]));
  expect((await admin('trust-domain', 'create', 'fleet')).exitCode).toBe(0);
  const applied = await admin(
    ...['cluster', 'apply', CLUSTER, '--kubeadm-config', config, '--trust-domain', 'fleet'],
    ...['--node', `${OTHER}=10.20.0.12`],
  );
  expect(applied.exitCode).toBe(0);
}, 60_000);

afterAll(async () => {
  await service.stop();
  rmSync(folder, { recursive: true });
});

export const place = ['--cluster', CLUSTER, '--node', NODE];
/** As many as these tests need: each is a certificate that is issued. */
export const some = join(folder, 'some');
beforeAll(() => {
  for (const name of ['controller-manager', 'kubelet', 'scheduler', 'super-admin'])
    cpSync(join(csrs, `${name}.conf.csr`), join(some, `${name}.conf.csr`));
});
export const pack = async (from = some) => {
  const [request, outcomes] = [file('request.json'), file('outcomes.json')];
  expect((await node('pack', from, ...place, '--out', request)).exitCode).toBe(0);
  return { request, outcomes, args: ['relay', request, '--out', outcomes, ...place] };
};

/** Relays twice, with a change to the document of super-admin.conf before the second time. */
export async function relayWith(change: (pending: object) => object, from?: string) {
  const { outcomes, args } = await pack(from);
  expect((await admin(...args)).exitCode).toBe(4);
  const client = s3();
  const bucket = service.environment.CAKELESS_EXCHANGE_BUCKET ?? '';
  const exchange = new S3ObjectStore(client, bucket);
  const id: string = JSON.parse(readFileSync(outcomes, 'utf8')).request;
  const key = `certificates/${CLUSTER}/${NODE}/${id}/super-admin.conf.pending.json`;
  const { body } = (await exchange.get(key, 1e6)) ?? {};
  const changed = change(JSON.parse(Buffer.from(body ?? '').toString()));
  await exchange.put(key, JSON.stringify(changed), 'application/json');
  client.destroy();
  rmSync(outcomes);
  return { outcomes, run: await admin(...args) };
}
