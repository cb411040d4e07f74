/** When this node was renewed last, as whom, and how that ended: `check-expiration` reports it, too. */
import { join } from 'node:path';
import * as z from 'zod/mini';
import { makeFolder, writeDurably } from '../../../lib/files/durable-file.ts';
import { readTextIfThere } from '../../read-text.ts';

const schema = z.object({
  at: z.string(),
  exitCode: z.number(),
  cluster: z.string(),
  node: z.string(),
});

export type LastRenewal = z.infer<typeof schema>;

const fileIn = (stateDir: string) => join(stateDir, 'last-renewal.json');

export async function rememberRenewal(stateDir: string, renewal: LastRenewal): Promise<void> {
  await makeFolder(stateDir);
  await writeDurably(fileIn(stateDir), `${JSON.stringify(renewal)}\n`, 0o600);
}

/** undefined if none is remembered, or the file cannot be read. */
export function lastRenewal(stateDir: string): LastRenewal | undefined {
  try {
    const text = readTextIfThere(fileIn(stateDir));
    return text === undefined ? undefined : schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
