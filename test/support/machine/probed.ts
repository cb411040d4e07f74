/** What a program can do on the machine with the hardening of a unit. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleFor, type Machine } from './machine.ts';

/** The command of the unit. */
export const PROBE = '/opt/node -- /opt/probe.cjs';

/** @param unit with `PROBE` as its command. @returns the result of each attempt in `probe.ts` */
export async function probe(
  machine: Machine,
  shared: string,
  unit: string,
): Promise<Record<string, string>> {
  bundleFor(shared, 'test/support/machine/probe.ts');
  writeFileSync(join(shared, 'opt/probe.service'), unit);
  await machine.must('cp', '/opt/probe.service', '/etc/systemd/system/');
  await machine.must('systemctl', 'daemon-reload');
  const result = await machine.runService('probe.service');
  const journal = await machine.journal('probe');
  const [, results = ''] = /^probe: (.*)$/m.exec(journal) ?? [];
  if (result !== 'success' || results === '') throw new Error(`${result}: ${journal}`);
  return JSON.parse(results);
}
