/**
 * What nodes read of subordinate CAs whose certificates were renewed with the same key. The CA above it has issued such a
 * certificate, and nothing in it shows that operators imported it. So its own key, which nodes trust, has signed a proof
 * that names it: the bucket only delivers both.
 */
import * as z from 'zod/mini';
import { CA_NAMES } from '../profiles/certificate-names.ts';
import { CA_KEY_SPECS } from '../signing/signing-algorithm.ts';
import { EXCHANGE_PREFIXES } from './prefixes.ts';
import { widenable } from './widenable.ts';

/** A larger object is ignored. */
export const MAX_PUBLISHED_RENEWALS_BYTES = 64 * 1024;

/** More than two versions of each CA are never trusted at the same time. */
const MOST_RENEWALS = 4 * CA_NAMES.length;

/** A signature of RSA_4096 is the longest. */
const base64 = z.string().check(z.maxLength(4096), z.regex(/^[A-Za-z0-9+/]+={0,2}$/));

const renewalSchema = widenable({
  ca: z.enum(CA_NAMES),
  version: z.number().check(z.int(), z.positive()),
  keySpec: z.enum(CA_KEY_SPECS),
  /** What the key has signed (lib/ca/key-proof.ts). */
  proof: base64,
  signature: base64,
});

export const publishedRenewalsSchema = widenable({
  trustDomain: z.string(),
  renewals: z.array(renewalSchema).check(z.maxLength(MOST_RENEWALS)),
});

export type PublishedRenewals = z.infer<typeof publishedRenewalsSchema>;
export type PublishedRenewal = PublishedRenewals['renewals'][number];

/** `trust/<trust domain>/renewals.json` */
export const publishedRenewalsKey = (trustDomain: string): string =>
  `${EXCHANGE_PREFIXES.trust}${trustDomain}/renewals.json`;
