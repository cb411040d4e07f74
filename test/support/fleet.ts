/** New nodes of one trust domain, with the whole service, for one file of tests. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { placeOf } from '../../client/node/disk/places.ts';
import { readPlace } from '../../client/node/disk/read-place.ts';
import { isCertificateName } from '../../lib/profiles/certificate-names.ts';
import type { ObjectStore } from '../../lib/store/object-store.ts';
import { type KubeadmSet, kubeadmSet } from './kubeadm-sets.ts';
import { NewNode } from './new-node.ts';
import { RunningService } from './running-service.ts';

export const newest = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');

export interface Fleet {
  readonly service: RunningService;
  /** In a new cluster, with the kubeadm configuration of the set or another one. */
  newNode(set?: KubeadmSet, yaml?: string): Promise<NewNode>;
}

/** Starts the service before the tests of a file, and stops it after them. */
export function useFleet(): Fleet {
  let running: RunningService | undefined;
  let count = 0;
  const service = (): RunningService => {
    if (!running) throw new Error('the service runs only while tests run');
    return running;
  };
  beforeAll(async () => {
    running = await RunningService.start();
    await running.invoke('cakeless-create-ca', { trustDomain: 'fleet' });
  });
  afterAll(() => running?.close());
  return {
    get service() {
      return service();
    },
    newNode: async (set = newest, yaml = set.configYaml ?? '') => {
      count += 1;
      const { cluster, node } = await service().declare(set, `cluster-${count}`);
      const folder = join(service().dataDir, 'nodes', cluster);
      return new NewNode(service(), folder, cluster, node, yaml);
    },
  };
}

/** Mode and contents of every file. */
export function snapshot(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  return Object.fromEntries(
    files.map((file) => [
      file,
      `${(statSync(file).mode & 0o777).toString(8)} ${readFileSync(file, 'utf8')}`,
    ]),
  );
}

/** @throws Error if the certificate is missing */
export const present = (node: NewNode, name: string) => {
  if (!isCertificateName(name)) throw new Error(name);
  const found = readPlace(placeOf(name, { certDir: node.at('pki'), kubeconfigDir: node.folder }));
  if (found.state !== 'present') throw new Error(`${name} is ${found.state}`);
  return found;
};

/** The methods of a store, for replacing single ones. */
export const bound = (store: ObjectStore): ObjectStore => ({
  get: (...args) => store.get(...args),
  getIfChanged: (...args) => store.getIfChanged(...args),
  create: (...args) => store.create(...args),
  replace: (...args) => store.replace(...args),
  put: (...args) => store.put(...args),
  remove: (...args) => store.remove(...args),
  list: (...args) => store.list(...args),
});
