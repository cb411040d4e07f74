/**
 * What a probe asks each server, and what the response says about its certificate. A probe has no rights: API server and
 * kubelet forbid what it asks, and name the user to whom they forbid it. Anonymous users get the same status.
 */
import type { Answer, Question } from './ask-server.ts';
import type { ProbedComponent } from './probe-targets.ts';

/** The common name of probe certificates. No role names it. */
export const PROBE_USER = 'cakeless:probe';

export type Verdict =
  | 'accepted'
  /** It did what was asked, as it may do for everyone. */
  | 'done'
  | { readonly result: 'refused' | 'unreachable'; readonly why: string };

interface Probing {
  readonly question: Question;
  readonly judge: (answer: Answer) => Verdict;
}

/** etcd serves its version on both ports, over connections whose certificates it has verified. */
const ETCD: Probing = { question: { path: '/version' }, judge: judgeConnection };

export const PROBING: Readonly<Record<ProbedComponent, Probing>> = {
  'kube-apiserver': {
    question: { path: '/api/v1/namespaces?limit=1' },
    judge: (answer) => judgeByName(answer, userOfApiServer),
  },
  kubelet: {
    question: { path: '/healthz' },
    judge: (answer) => judgeByName(answer, userOfKubelet),
  },
  etcd: ETCD,
  'etcd-peer': ETCD,
};

/** Whether a server does without a certificate what it did with one: then the certificate was not what counted. */
export const isForEveryone = (without: Answer): boolean =>
  !(without.state === 'responded' && [401, 403].includes(without.status));

function judgeConnection(answer: Answer): Verdict {
  if (answer.state === 'responded') return 'accepted';
  return { result: answer.state, why: answer.why };
}

type FindUser = (body: string) => string | undefined;

function judgeByName(answer: Answer, findUser: FindUser): Verdict {
  if (answer.state !== 'responded') return { result: answer.state, why: answer.why };
  const { status, body } = answer;
  if (status === 200) return 'done';
  if (status === 401) return { result: 'refused', why: 'it responds with 401' };
  const user = findUser(body);
  if (user === PROBE_USER) return 'accepted';
  return user === undefined
    ? { result: 'unreachable', why: `it responds with ${status}` }
    : { result: 'refused', why: `it takes this node for ${user.slice(0, MAX_QUOTED)}` };
}

const MAX_QUOTED = 100;

/** `… is forbidden: User "x" cannot …`, in a Status (k8s.io/apiserver, responsewriters.ForbiddenStatus). */
function userOfApiServer(body: string): string | undefined {
  const { message } = Object(parse(body)) as { message?: unknown };
  return / is forbidden: User "([^"]*)" cannot /.exec(String(message))?.[1];
}

/** `Forbidden (user=x, …)`; `Authorization error (user=x, …)` without the API server (pkg/kubelet/server/server.go). */
function userOfKubelet(body: string): string | undefined {
  return /^(?:Forbidden|Authorization error) \(user=([^,]*), /.exec(body)?.[1];
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
