/** SHA256SUMS, as `sha256sum --check` reads it. */
import { createHash } from 'node:crypto';
import { createReadStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { filesIn } from './contents.ts';

export const CHECKSUMS = 'SHA256SUMS';

export async function writeChecksums(folder: string): Promise<void> {
  const lines: string[] = [];
  for (const name of filesIn(folder).filter((it) => it !== CHECKSUMS))
    lines.push(`${await sha256(join(folder, name))}  ${name}\n`);
  writeFileSync(join(folder, CHECKSUMS), lines.join(''), { mode: 0o644 });
}

async function sha256(file: string): Promise<string> {
  const digest = createHash('sha256');
  await pipeline(createReadStream(file), digest);
  return digest.digest('hex');
}
