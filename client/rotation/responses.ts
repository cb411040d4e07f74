/** Responses of create-ca about rotations. A newer function may return more fields, and texts from reports may be hostile. */
import * as z from 'zod/mini';
import { PHASES } from '../../lib/contract/rotation-phases.ts';
import { CA_NAMES } from '../../lib/profiles/certificate-names.ts';
import type { RotationStatus } from '../../lib/rotating/rotation-request.ts';
import { CA_KEY_SPECS } from '../../lib/signing/signing-algorithm.ts';

const waivers = z.array(z.object({ subject: z.string(), reason: z.string() }));

const planSchema = z.object({
  trustDomain: z.string(),
  ca: z.enum(CA_NAMES),
  phase: z.string(),
  from: z.object({ version: z.number(), sha256: z.string() }),
  to: z.object({
    version: z.number(),
    publicKeySha256: z.string(),
    tbsSha256: z.optional(z.string()),
    notAfter: z.optional(z.string()),
    keySpec: z.optional(z.string()),
    keyId: z.optional(z.string()),
    sha256: z.optional(z.string()),
    above: z.optional(z.readonly(z.array(z.object({ subject: z.string(), sha256: z.string() })))),
  }),
  crossTbsSha256: z.optional(z.string()),
  compromised: z.boolean(),
  waivers,
  digest: z.string(),
});

/** A plan, whether the function returned it or it was computed here. */
export interface ShownPlan extends Readonly<Omit<z.infer<typeof planSchema>, 'waivers'>> {
  readonly waivers: readonly { readonly subject: string; readonly reason: string }[];
}

const notes = z.array(z.string());
const plannedSchema = z.extend(planSchema, { notes });

/** The new CA is below another one, which has to issue its certificate. */
const awaitedSchema = z.object({
  awaited: z.object({
    version: z.number(),
    keyId: z.string(),
    keySpec: z.enum(CA_KEY_SPECS),
    csr: z.string(),
  }),
  notes,
});

/** Of `plan-rotation`. */
export const planResponseSchema = z.union([awaitedSchema, plannedSchema]);

const findings = {
  trustDomain: z.string(),
  phase: z.enum(PHASES),
  sequence: z.number(),
  missing: z.array(z.object({ subject: z.string(), why: z.string(), fix: z.string() })),
  notes: z.array(z.string()),
  progress: z.array(z.object({ what: z.string(), done: z.number(), of: z.number() })),
  /** A function of an earlier release leaves nothing out. */
  leftOut: z._default(
    z.object({ missing: z.number(), notes: z.number(), todo: z.optional(z.number()) }),
    { missing: 0, notes: 0 },
  ),
  plan: z.optional(planSchema),
};

export const rotatedSchema = z.object({
  ...findings,
  ca: z.enum(CA_NAMES),
  changed: z.boolean(),
});

export type Rotated = z.infer<typeof rotatedSchema>;

export const statusSchema = z.object({
  ...findings,
  rotation: z.optional(
    z.object({
      ca: z.enum(CA_NAMES),
      from: z.number(),
      to: z.number(),
      since: z.string(),
      startedAt: z.string(),
      compromised: z.boolean(),
      next: z.enum(PHASES),
    }),
  ),
  evidence: z.optional(z.object({ at: z.string(), isSummary: z.boolean() })),
  lastRotations: z.optional(
    z.array(
      z.object({
        ca: z.enum(CA_NAMES),
        from: z.number(),
        to: z.number(),
        endedAt: z.string(),
        compromised: z.boolean(),
        waivers: z.array(
          z.object({ phase: z.enum(PHASES), subject: z.string(), reason: z.string() }),
        ),
        leftOut: z.number(),
      }),
    ),
  ),
  todo: z.array(z.string()),
});

/** How far a rotation is, whether the function returned it or it was read here. */
export type ShownStatus = z.infer<typeof statusSchema> | RotationStatus;
