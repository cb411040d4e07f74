/** The judges of lib/policy/judges.ts. Those of users and of CSRs are loaded with the first request of their kinds. */
import type { RequestKindName } from '../contract/request-kinds.ts';
import type { Judges } from '../policy/judge.ts';
import { NODE_JUDGE } from '../policy/node-judge.ts';

const loadApiJudge = async () => (await import('./certificates-api.ts')).API_JUDGE;

export const JUDGES_LATER: Judges<RequestKindName> = {
  node: () => NODE_JUDGE,
  user: async () => (await import('../policy/user-judge.ts')).USER_JUDGE,
  kubelet: loadApiJudge,
  csr: loadApiJudge,
};
