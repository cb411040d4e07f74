/** A new node gets everything that kubeadm needs from `cakeless prepare` (docs/first-installation.md). */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Prepared } from '../../../client/node/prepare/prepare-node.ts';
import type { CakelessService } from '../harness/cakeless-service.ts';
import { mustRun } from '../harness/program.ts';
import { readTrustBundles } from '../harness/trust-bundles.ts';
import type { ClusterNode } from './cluster-node.ts';

/**
 * The hashes of the CAs, which the platform team makes from the bucket with its own credentials and the command line of
 * the documentation. @returns options of `prepare`
 */
export async function caCertHashes(
  service: CakelessService,
  trustDomain: string,
  folder: string,
): Promise<string[]> {
  const options: string[] = [];
  for (const { ca, pem } of await readTrustBundles(
    service.environment('administrator'),
    trustDomain,
  )) {
    const file = join(folder, `${ca}.crt`);
    writeFileSync(file, pem);
    const key = `openssl x509 -in "$1" -pubkey -noout | openssl pkey -pubin -outform der`;
    const digest = await mustRun(['sh', '-c', `${key} | openssl dgst -sha256`, 'sh', file]);
    const hash = `sha256:${digest.trim().split(' ').at(-1)}`;
    options.push('--ca-cert-hash', ca === 'ca' ? hash : `${ca}=${hash}`);
  }
  return options;
}

export interface NewNode {
  readonly cluster: string;
  readonly node: ClusterNode;
  /** Options with the hashes of the CAs. */
  readonly pins: readonly string[];
  /** sa.key of the first control plane; undefined on that one. */
  readonly saKey: string | undefined;
  /** Further options. */
  readonly more?: readonly string[];
}

const DONE = 0;
const PENDING = 4;

/**
 * Runs `prepare` twice if a request needs approval, as super-admin.conf does on the first control plane.
 * @returns names of the certificates @throws Error unless kubeadm can continue
 */
export async function prepareNode(service: CakelessService, newNode: NewNode): Promise<string[]> {
  const { cluster, node, pins, saKey, more: extra = [] } = newNode;
  const joins = saKey === undefined ? ['--no-join'] : ['--join', '--sa-key-from', saKey];
  const from = ['--config', node.root.configFile, '--cluster', cluster];
  const prepare = async (more: string[], codes: number[]): Promise<Prepared> => {
    const args = ['prepare', ...from, ...joins, ...pins, ...extra, '-o', 'json', ...more];
    return JSON.parse(
      await service.mustCakelessOn(node.space, `node:${cluster}/${node.name}`, args, codes),
    );
  };
  const first = await prepare([], [DONE, PENDING]);
  const waiting = first.certificates.filter(({ state }) => state === 'pending');
  for (const { request = '' } of waiting) await service.approve(request, 'first installation');
  const { certificates, next, serviceAccountKey } =
    waiting.length === 0 ? first : await prepare(['--wait', '1m'], [DONE]);
  if (next === undefined) throw new Error(`${node.name}: no next command`);
  const wanted = saKey === undefined ? ['created', 'existing'] : ['copied'];
  if (!wanted.includes(serviceAccountKey ?? 'missing'))
    throw new Error(`${node.name}: sa.key: ${serviceAccountKey}`);
  return certificates.map(({ name }) => name);
}
