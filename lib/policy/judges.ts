/** Who judges each kind of request: one judge for each row of lib/contract/request-kinds.ts. */
import type { RequestKind, RequestKindName } from '../contract/request-kinds.ts';
import { isCertificateName } from '../profiles/certificate-names.ts';
import type { Judge } from './judge.ts';
import { judgeNodeRequest } from './judge-node.ts';
import { readCsr } from './read-csr.ts';

export const NODE_JUDGE: Judge = {
  read: readCsr,
  judge(csr, { certificateName, ...context }) {
    if (!isCertificateName(certificateName))
      throw new Error(`${certificateName} is not a certificate of a node`);
    return judgeNodeRequest(csr, { ...context, certificateName });
  },
};

/** Loaded with the first request of their kinds: most requests are of nodes. */
const loadUserJudge = async (): Promise<Judge> => (await import('./user-judge.ts')).USER_JUDGE;
const loadApiJudge = async (): Promise<Judge> => (await import('./api-judge.ts')).API_JUDGE;

type JudgeLoader = () => Judge | Promise<Judge>;

export const JUDGES: Readonly<Record<RequestKindName, JudgeLoader>> = {
  node: () => NODE_JUDGE,
  user: loadUserJudge,
  kubelet: loadApiJudge,
  csr: loadApiJudge,
};

/** @throws Error if the kind has no judge */
export async function judgeOf(
  kind: RequestKind,
  judges: Readonly<Record<string, JudgeLoader>> = JUDGES,
): Promise<Judge> {
  const load = judges[kind.name];
  if (!load) throw new Error(`requests of kind ${kind.name} have no judge`);
  return load();
}
