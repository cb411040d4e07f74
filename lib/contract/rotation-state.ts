/** The state of the rotation of a CA, in the document of its trust domain: separate from `rotation.ts`, which `sign` never needs. */
import * as z from 'zod/mini';
import { CA_NAMES } from '../profiles/certificate-names.ts';
import { ROTATION_PHASES } from './rotation-phases.ts';
import { widenable } from './widenable.ts';

/** The current rotation; there is never more than one in a trust domain. */
export const rotationSchema = widenable({
  ca: z.enum(CA_NAMES),
  /** The version that signed before the rotation, and the one that signs after it. */
  from: z.number().check(z.int(), z.positive()),
  to: z.number().check(z.int(), z.positive()),
  phase: z.enum(ROTATION_PHASES),
  /** When this phase began. */
  since: z.string(),
  startedAt: z.string(),
  /** The old key may have been stolen: it cannot vouch for another version. */
  compromised: z.optional(z.boolean()),
});

export type Rotation = z.infer<typeof rotationSchema>;
