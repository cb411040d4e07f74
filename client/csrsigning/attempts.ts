/** The attempts of one CSR in the exchange bucket: request ids `<uid>`, `<uid>.2`, `<uid>.3` and so on. */
import { attemptOf, requestIdOf } from '../../lib/certificates-api/attempts.ts';
import { type OutcomeState, outcomeIn } from '../../lib/contract/outcomes.ts';
import { outcomeKeys, outcomesPrefix, requestKey } from '../../lib/contract/request-key.ts';
import { CSR } from '../../lib/contract/request-kinds.ts';
import type { Below } from './decide.ts';

/** Where the requests of one CSR are. */
export interface CsrPlace {
  readonly cluster: string;
  /** This node's name, or the reserved word. */
  readonly node: string;
  readonly uid: string;
  /** `kubelet-client.json` */
  readonly path: string;
}

export const nodeOfPlace = (below: Below, ownNode: string | undefined): string =>
  below === 'own' && ownNode !== undefined ? ownNode : CSR;

export const attemptKey = ({ uid, ...place }: CsrPlace, attempt: number): string =>
  requestKey({ ...place, requestId: requestIdOf({ uid, number: attempt }) });

/** Under it are the outcomes of all attempts. No other CSR's uid begins with this one: all have the same length. */
export const attemptsPrefix = ({ cluster, node, uid }: CsrPlace): string =>
  `${outcomesPrefix(cluster, node)}${uid}`;

export interface AttemptOutcome {
  readonly attempt: number;
  readonly state: OutcomeState;
  /** Key of the outcome's object. */
  readonly key: string;
}

/**
 * The outcome that counts: a certificate, if any attempt has one, or else that of the last attempt.
 * @param found keys below `attemptsPrefix`
 */
export function lastOutcome(
  place: CsrPlace,
  found: ReadonlySet<string>,
): AttemptOutcome | undefined {
  const { uid, ...rest } = place;
  const attempts = new Set([...found].flatMap((key) => attemptIn(place, key)));
  const outcomes = [...attempts].flatMap((attempt): AttemptOutcome[] => {
    const keys = outcomeKeys({ ...rest, requestId: requestIdOf({ uid, number: attempt }) });
    const outcome = outcomeIn(found, keys);
    return outcome ? [{ attempt, ...outcome }] : [];
  });
  outcomes.sort((a, b) => b.attempt - a.attempt);
  return outcomes.find(({ state }) => state === 'issued') ?? outcomes[0];
}

function attemptIn({ cluster, node, uid }: CsrPlace, key: string): number[] {
  const [requestId = ''] = key.slice(outcomesPrefix(cluster, node).length).split('/');
  const attempt = attemptOf(requestId);
  return attempt?.uid === uid ? [attempt.number] : [];
}
