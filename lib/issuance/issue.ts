/**
 * What only certificates need: to draft, check, sign and store them. `sign` loads it while it waits for SQS
 * (issue-later.ts), because other outcomes need none of it.
 */
export { checkRecord } from './check-record.ts';
export { draftRecord } from './draft.ts';
export { obtainCertificate } from './obtain.ts';
