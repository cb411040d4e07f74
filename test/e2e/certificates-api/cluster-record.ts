/** Changes of the cluster record, as the platform team makes them. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CakelessService } from '../harness/cakeless-service.ts';

type Fields = Record<string, unknown>;

/** @param change gets the record as it is, and returns the one to apply */
export async function changeRecord(
  service: CakelessService,
  cluster: string,
  folder: string,
  change: (record: Fields) => Fields,
): Promise<void> {
  const show = ['cluster', 'show', cluster, '-o', 'json'];
  const record: Fields = JSON.parse(await service.mustCakeless('administrator', show));
  const file = join(folder, `${cluster}.json`);
  writeFileSync(file, JSON.stringify(change(record)));
  await service.mustCakeless('administrator', ['cluster', 'apply', cluster, '-f', file]);
}
