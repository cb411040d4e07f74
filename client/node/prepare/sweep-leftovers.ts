/** Removes the unfinished temporary files of a killed run, which may contain part of a key. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { sweepTemporaries } from '../../../lib/files/durable-file.ts';
import { CA_NAMES } from '../../../lib/profiles/certificate-names.ts';
import { destinationOf } from '../disk/file-change.ts';
import { caFileOf, type NodeFolders } from '../disk/places.ts';
import type { PlannedCertificate } from './plan.ts';

export async function sweepLeftovers(
  planned: readonly PlannedCertificate[],
  folders: NodeFolders,
): Promise<void> {
  const files = [
    ...planned.flatMap(({ place, csrFile }) =>
      place.kind === 'pair'
        ? [place.certificateFile, place.keyFile, csrFile]
        : [place.file, csrFile],
    ),
    ...CA_NAMES.map((ca) => caFileOf(ca, folders)),
    ...['sa.key', 'sa.pub'].map((name) => join(folders.certDir, name)),
  ];
  for (const file of files)
    if (existsSync(dirname(file))) await sweepTemporaries(destinationOf(file), 'any');
}
