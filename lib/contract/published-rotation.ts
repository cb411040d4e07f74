/**
 * What nodes read of a rotation, each time they run. Anyone who can write to the bucket can write this object, so
 * it proves nothing: a node accepts a new CA only because the one that it trusts has certified its key (the cross
 * certificate), and drops the old one only when nothing on it needs that any more.
 */
import * as z from 'zod/mini';
import { CA_NAMES } from '../profiles/certificate-names.ts';
import { EXCHANGE_PREFIXES } from './prefixes.ts';
import { ROTATION_PHASES } from './rotation-phases.ts';
import { widenable } from './widenable.ts';

/** A larger object is ignored. */
export const MAX_PUBLISHED_ROTATION_BYTES = 64 * 1024;

const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/));
const time = z
  .string()
  .check(z.refine((text) => !Number.isNaN(Date.parse(text)), 'must be a time'));

/** The certificates that the service makes are much smaller. */
const crossSchema = z.string().check(z.maxLength(16 * 1024));

/** How many rotations of a CA a node may miss. */
export const MOST_CROSSES = 4;

const versionFields = {
  version: z.number().check(z.int(), z.positive()),
  /** Of the certificate, in hexadecimal. */
  sha256,
  /** Of its SubjectPublicKeyInfo, in hexadecimal. */
  publicKeySha256: sha256,
};
const publishedVersionSchema = widenable(versionFields);

export const publishedRotationSchema = widenable({
  trustDomain: z.string(),
  /** Grows with each change: a node that has seen a higher number ignores the object. */
  sequence: z.number().check(z.int(), z.positive(), z.maximum(1_000_000)),
  at: time,
  /** Absent if the trust domain is stable. */
  rotation: z.optional(
    widenable({
      ca: z.enum(CA_NAMES),
      phase: z.enum(ROTATION_PHASES),
      /** When the phase began. */
      since: time,
      compromised: z.boolean(),
      from: publishedVersionSchema,
      to: publishedVersionSchema,
      /** The new CA's key certified by the old CA, in PEM; absent if the old one is compromised, or has pathLen 0. */
      cross: z.optional(crossSchema),
    }),
  ),
  /** Versions that no node trusts any more: of a rotation that has ended, or was canceled. */
  ended: z.array(widenable({ ca: z.enum(CA_NAMES), ...versionFields })).check(z.maxLength(100)),
  /**
   * Cross certificates of rotations that have ended, the newest of each CA, so that a node that missed them can
   * follow. None of a rotation that was compromised.
   */
  crosses: z.optional(
    z
      .array(widenable({ ca: z.enum(CA_NAMES), cross: crossSchema }))
      .check(z.maxLength(CA_NAMES.length * MOST_CROSSES)),
  ),
});

export type PublishedRotation = z.infer<typeof publishedRotationSchema>;

/** `trust/<trust domain>/rotation.json` */
export const publishedRotationKey = (trustDomain: string): string =>
  `${EXCHANGE_PREFIXES.trust}${trustDomain}/rotation.json`;
