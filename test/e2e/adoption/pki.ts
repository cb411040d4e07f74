/** What the test knows about the CAs of the cluster from before its adoption, and the contents of nodes. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WholeCluster } from '../whole-cluster/cluster.ts';
import type { KubeadmNode } from '../whole-cluster/kubeadm-node.ts';
import { CA_NAMES, CAS, type CaOfKubeadm } from './plan.ts';

export interface OldPki {
  /** A folder of the test with the CA certificates. */
  readonly folder: string;
  /** By node and file: what every CA file contains. */
  readonly caFiles: ReadonlyMap<string, string>;
  /** A line of each private key, which finds it in any file. */
  readonly keyLines: ReadonlyMap<CaOfKubeadm, string>;
}

export const caFile = (ca: CaOfKubeadm) => `pki/${CAS[ca]}.crt`;
export const keyFile = (ca: CaOfKubeadm) => `pki/${CAS[ca]}.key`;

export const oldCa = ({ folder }: OldPki, ca: CaOfKubeadm) => join(folder, `${ca}.crt`);

export function takePki(cluster: WholeCluster, folder: string): OldPki {
  mkdirSync(folder);
  for (const ca of CA_NAMES)
    writeFileSync(oldCa({ folder } as OldPki, ca), readFileSync(cluster.first.file(caFile(ca))));
  const keyLines = new Map(
    CA_NAMES.map((ca) => {
      const line = readFileSync(cluster.first.file(keyFile(ca)), 'utf8').split('\n')[4];
      if (line === undefined || line.length < 40) throw new Error(`${ca}: an unusual key file`);
      return [ca, line];
    }),
  );
  return { folder, caFiles: caFilesOf(cluster), keyLines };
}

export function caFilesOf({ everyNode }: WholeCluster): Map<string, string> {
  const files = new Map<string, string>();
  for (const node of everyNode)
    for (const ca of CA_NAMES)
      if (existsSync(node.file(caFile(ca))))
        files.set(`${node.name}: ${caFile(ca)}`, readFileSync(node.file(caFile(ca)), 'hex'));
  return files;
}

/** Digest and mode of every file that is not the client's own, by path. Restored files have other times. */
export function contentsOf(node: KubeadmNode): Map<string, string> {
  const files = Object.entries(node.files())
    .filter(([path]) => !/^(cakeless\/|cakeless\.yaml$)/.test(path))
    .map(([path, facts]): [string, string] => [path, facts.split(' ').slice(0, 2).join(' ')]);
  return new Map(files);
}

/** @throws Error with the paths of files that differ */
export function requireSame(
  what: string,
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): void {
  const paths = [...new Set([...before.keys(), ...after.keys()])];
  const changed = paths.filter((path) => before.get(path) !== after.get(path));
  if (changed.length > 0) throw new Error(`${what}: changed: ${changed.join(', ')}`);
}
