/** Whether servers accept a certificate of the new CA: each gets a request with a probe certificate. */
import { askServer, type ClientPair, type Server } from './ask-server.ts';
import { isForEveryone, PROBING, type Verdict } from './judge-answer.ts';
import type { ProbedComponent, ProbeTarget } from './probe-targets.ts';

export type ProbeResult = 'accepted' | 'refused' | 'unreachable';

export interface Probed {
  readonly component: ProbedComponent;
  readonly address: string;
  readonly result: ProbeResult;
  readonly at: string;
  /** Why it is not accepted, as a sentence; absent if it is. */
  readonly why?: string;
}

export interface ProbeOptions {
  readonly now: () => Date;
  /** Of each request. */
  readonly timeoutMs: number;
}

/** All at the same time; in the order of the targets. */
export const probeServers = (
  targets: readonly ProbeTarget[],
  pair: ClientPair,
  options: ProbeOptions,
): Promise<Probed[]> => Promise.all(targets.map((target) => probeServer(target, pair, options)));

async function probeServer(
  target: ProbeTarget,
  pair: ClientPair,
  { now, timeoutMs }: ProbeOptions,
): Promise<Probed> {
  const { component, address } = target;
  const verdict = await askWithProbe(target, pair, timeoutMs);
  const probed = { component, address, at: now().toISOString() };
  if (verdict === 'accepted') return { ...probed, result: 'accepted' };
  const { result, why } = verdict;
  return { ...probed, result, why: `${component} at ${address} ${WORDS[result]}: ${why}` };
}

/** Does not throw if the pair can be used. @param timeoutMs of each request */
export async function askWithProbe(
  target: Pick<ProbeTarget, 'component'> & Server,
  pair: ClientPair,
  timeoutMs: number,
): Promise<Exclude<Verdict, 'done'>> {
  const { question, judge } = PROBING[target.component];
  const verdict = judge(await askServer(target, question, pair, timeoutMs));
  if (verdict !== 'done') return verdict;
  const isOpen = isForEveryone(await askServer(target, question, undefined, timeoutMs));
  return isOpen ? OPEN : 'accepted';
}

const OPEN = {
  result: 'unreachable',
  why: 'it responds without a client certificate too, so this proves nothing',
} as const;

const WORDS = {
  refused: 'refuses a certificate of the new CA',
  unreachable: 'could not be probed with a certificate of the new CA',
};
