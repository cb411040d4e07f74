/**
 * Who judges each kind of request: one judge for each row of lib/contract/request-kinds.ts. `sign` loads most of them when
 * they are needed (lib/issuance/judges-later.ts).
 */
import type { RequestKindName } from '../contract/request-kinds.ts';
import { API_JUDGE } from './api-judge.ts';
import type { Judges } from './judge.ts';
import { NODE_JUDGE } from './node-judge.ts';
import { USER_JUDGE } from './user-judge.ts';

export const JUDGES: Judges<RequestKindName> = {
  node: () => NODE_JUDGE,
  user: () => USER_JUDGE,
  kubelet: () => API_JUDGE,
  csr: () => API_JUDGE,
};
