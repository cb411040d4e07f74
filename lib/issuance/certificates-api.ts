/**
 * What only CSRs of the certificates API need, as one module: a function loads it with the first of them, and many
 * deployments have none.
 */
export { findBudgetHolder } from '../budget/holder.ts';
export { readTrustDomainNames } from '../cluster/trust-domain-names.ts';
export { API_JUDGE } from '../policy/api-judge.ts';
export { judgeAttempt, recordUnrecorded } from './attempts.ts';
export { checkFoundKubelet, checkKubelet } from './check-kubelet.ts';
