/** `users` of a cluster record: the rule for certificates of users. */
import * as z from 'zod/mini';
import { duration, principals, text } from './record-texts.ts';

const ORGANIZATION = /^[!-~](?:[ -~]{0,62}[!-~])?$/;
const organization = text(
  'at most 64 printable ASCII characters; of the names that begin with system:, only system:masters',
  (value) =>
    ORGANIZATION.test(value) &&
    (value === 'system:masters' || !value.toLowerCase().startsWith('system:')),
  { pattern: ORGANIZATION },
);

const USER_PATTERN = /^[A-Za-z0-9._@+*-]{1,64}$/;

/** A certificate cannot be revoked, so a year, kubeadm's own default, is the limit. */
const MAX_USER_SECONDS = 8760 * 3600;

export const users = z.strictObject({
  /** Groups that may be requested. */
  organizations: z.optional(z.array(organization)),
  maxValidityPeriod: z.optional(
    duration('a duration of at most 8760h, such as 24h', (seconds) => seconds <= MAX_USER_SECONDS),
  ),
  approvalRequired: z.optional(z.boolean()),
  /** Principals whose approval counts, as S3 events name them. @default everyone who can write approvals */
  approvers: principals,
  /** Principals that may upload requests of users. */
  uploaders: principals,
  namePatterns: z.optional(
    z.array(
      text(
        'letters, digits and ._@+- with at most one *',
        (value) => USER_PATTERN.test(value) && value.split('*').length <= 2,
        { pattern: USER_PATTERN },
      ),
    ),
  ),
});
