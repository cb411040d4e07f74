/**
 * The servers of this node that have accepted a certificate of the new CA, so that the next run need not request another
 * one. A proof counts only for the same change of the rotation, CA certificates and processes.
 */
import { join } from 'node:path';
import * as z from 'zod/mini';
import { makeFolder, writeDurably } from '../../../lib/files/durable-file.ts';
import { readTextIfThere } from '../../read-text.ts';

const schema = z.object({
  /** Of the rotation.json that was followed. */
  sequence: z.number(),
  proved: z.array(
    z.object({
      component: z.enum(['kube-apiserver', 'kubelet', 'etcd', 'etcd-peer']),
      address: z.string(),
      result: z.enum(['accepted', 'refused', 'unreachable']),
      at: z.string(),
      /** As `findRunning` names them. */
      processes: z.array(z.string()),
      /** Digests of the certificates in the CA file. */
      caFile: z.array(z.string()),
    }),
  ),
  /** Why others are not proved, in sentences. */
  left: z.array(z.string()),
});

export type Proofs = z.infer<typeof schema>;

export type Proof = Proofs['proved'][number];

const fileIn = (stateDir: string) => join(stateDir, 'rotation-proofs.json');

export async function rememberProofs(stateDir: string, proofs: Proofs): Promise<void> {
  await makeFolder(stateDir);
  await writeDurably(fileIn(stateDir), `${JSON.stringify(proofs)}\n`, 0o600);
}

/** Empty if none of this change of the rotation is remembered, or the file cannot be read. */
export function recallProofs(stateDir: string, sequence: number): Proofs {
  const none: Proofs = { sequence, proved: [], left: [] };
  try {
    const text = readTextIfThere(fileIn(stateDir));
    const known = text === undefined ? undefined : schema.safeParse(JSON.parse(text)).data;
    return known?.sequence === sequence ? known : none;
  } catch {
    return none;
  }
}
