/** What this node remembers of the rotations of its trust domain: nobody else can write it, unlike rotation.json. */
import { join } from 'node:path';
import * as z from 'zod/mini';
import { ROTATION_PHASES } from '../../../lib/contract/rotation-phases.ts';
import { makeFolder, writeDurably } from '../../../lib/files/durable-file.ts';
import { CA_NAMES } from '../../../lib/profiles/certificate-names.ts';
import { readTextIfThere } from '../../read-text.ts';

/** SHA-256 of a public key, in hex: the certificate of a CA can be renewed with the same key. */
const caKeySchema = z.object({ ca: z.enum(CA_NAMES), key: z.string() });

const schema = z.object({
  trustDomain: z.string(),
  /** The highest one that was seen. */
  sequence: z.number(),
  ca: z.optional(z.enum(CA_NAMES)),
  phase: z.optional(z.enum(ROTATION_PHASES)),
  /** CAs that have ended, or are being retired: no rollback brings them back. */
  gone: z.array(caKeySchema),
  /** CAs that can no longer vouch for another one, because their keys may have been stolen. It never shrinks. */
  compromised: z.array(caKeySchema),
  /** CAs that this node has dropped in the rotation to `to`, and may take back in it. */
  dropped: z.array(
    z.object({
      ca: z.enum(CA_NAMES),
      key: z.string(),
      to: z.string(),
      /** Of the certificate, in hex: that of a subordinate CA shows by nothing else that it is the same. */
      sha256: z.optional(z.string()),
    }),
  ),
  /** Why this node has not done all that the phase asks for, in sentences. */
  left: z.array(z.string()),
});

export type RotationMemory = z.infer<typeof schema>;

export const rotationMemoryFile = (stateDir: string) => join(stateDir, 'rotation.json');

/** At once: a run that is killed leaves the old memory or the new one. */
export async function rememberRotation(stateDir: string, memory: RotationMemory): Promise<void> {
  await makeFolder(stateDir);
  await writeDurably(rotationMemoryFile(stateDir), `${JSON.stringify(memory, null, 1)}\n`, 0o600);
}

/** undefined if there was no rotation, or the file cannot be read. */
export function recallRotation(stateDir: string): RotationMemory | undefined {
  try {
    const text = readTextIfThere(rotationMemoryFile(stateDir));
    return text === undefined ? undefined : schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
