/** A run that is interrupted before or after any write to the disk is resumed by the next one. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT } from '../../../../client/exit-codes.ts';
import type * as durable from '../../../../lib/files/durable-file.ts';
import { kubeadmSet } from '../../../support/kubeadm-sets.ts';
import { NewNode } from '../../../support/new-node.ts';
import { RunningService } from '../../../support/running-service.ts';

/** How many more writes below nodes/ succeed; those of the service and of run locks do not count. */
let left = Number.POSITIVE_INFINITY;
let isLate = false;

jest.mock('../../../../lib/files/durable-file.ts', () => {
  const real = jest.requireActual<typeof durable>('../../../../lib/files/durable-file.ts');
  return {
    ...real,
    writeDurably: async (path: string, ...rest: [string, number?]) => {
      if (!path.includes('/nodes/') || /lock\.\d+$/.test(path))
        return real.writeDurably(path, ...rest);
      left -= 1;
      if (left < 0) throw new Error('interrupted');
      await real.writeDurably(path, ...rest);
      if (isLate && left === 0) throw new Error('interrupted');
    },
  };
});

const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
let service: RunningService;
beforeAll(async () => {
  service = await RunningService.start();
  await service.invoke('cakeless-create-ca', { trustDomain: 'fleet' });
});
afterAll(() => service.close());

it.each([false, true])(
  'runs that each get one write further finally complete (interrupted after the write: %s)',
  async (late) => {
    isLate = late;
    const { cluster, node: name } = await service.declare(set, `interrupted-${late}`);
    const folder = join(service.dataDir, 'nodes', cluster);
    const node = new NewNode(service, folder, cluster, name, set.configYaml ?? '');
    let runs = 0;
    for (;;) {
      left = 1; // files are written side by side: one of them is the first
      const run = await node.prepare().catch((error: Error) => error);
      left = Number.POSITIVE_INFINITY;
      runs += 1;
      if (!(run instanceof Error)) break;
      expect(run.message).toBe('interrupted');
    }
    // sa.key and sa.pub, keys and CSRs, three CA files, certificates that need no approval: one write in each run
    expect(runs).toBeGreaterThan(2 + 24 + 3 + 11 - 3);
    const { exitCode, result } = await node.prepareWhole();
    expect([exitCode, result.preflightProblems]).toEqual([EXIT.done, []]);
    const requests = await service.keys('exchange', `requests/${cluster}/`);
    expect(requests).toHaveLength(set.csrs.length);
    const files = readdirSync(folder, { recursive: true }).map(String);
    expect(files.filter((file) => file.endsWith('.tmp'))).toEqual([]);
    expect(existsSync(node.at('pki/ca.key'))).toBe(false);
  },
);
