/** When the forwarder looks again. All times are in milliseconds. */
import { createHash } from 'node:crypto';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** The last number of each row repeats. */
const at = (row: readonly number[], count: number): number =>
  row[Math.min(count, row.length - 1)] ?? 0;

/** A certificate takes less than a second. Without an outcome, the service is slow, or an event was lost. */
const LOOKS = [0.5, 1, 1, 1.5, 2, 2, 4, 8, 15].map((seconds) => seconds * SECOND);

/** @param looks how often it has looked for an outcome since the upload */
export const pauseBeforeLook = (looks: number): number => at(LOOKS, looks);

const PENDING_LOOKS = [...Array(40).fill(15), 60].map((seconds) => seconds * SECOND);

/** Approvers take minutes, or days. @param looks how often it has looked */
export const pauseWhilePending = (looks: number): number => at(PENDING_LOOKS, looks);

/** How long the outcome of a request may be awaited before others are uploaded as if it had one. */
export const LONG_WITHOUT_OUTCOME = MINUTE;

const ATTEMPTS = [1, 2, 4, 8, 15].map((minutes) => minutes * MINUTE);
/** kube-controller-manager deletes CSRs of this age that were never issued; releases up to 1.34 keep approved ones. */
const OLD = 24 * 60 * MINUTE;
/** Nobody waits for the certificate of an old CSR, except a kubelet that restarts until it can join. */
const ATTEMPT_OF_OLD = 60 * MINUTE;

/** `kubeadm join` waits for its kubelet's certificate for five minutes, and can be run again. */
const YOUNG = 10 * MINUTE;
const ATTEMPT_OF_YOUNG = 30 * SECOND;

export interface RejectedCsr {
  readonly ageMs: number;
  /** Whether few CSRs are that new and rejected, and someone may be removing the reasons now. */
  readonly isSoon: boolean;
}

/** @param attempt the attempt that was rejected, from 1 */
export function pauseAfterAttempt(attempt: number, { ageMs, isSoon }: RejectedCsr): number {
  if (ageMs > OLD) return ATTEMPT_OF_OLD;
  if (isSoon && isYoung(ageMs)) return ATTEMPT_OF_YOUNG;
  return at(ATTEMPTS, attempt - 1);
}

/** By the clocks of two machines: one that seems to come from the future is new. */
const isYoung = (ageMs: number): boolean => ageMs < YOUNG;

/** A kubelet asks for a serving certificate seconds before or after its Node has addresses. */
const NODE_LOOKS = [2, 5, 10, 30].map((seconds) => seconds * SECOND);

/** @param looks how often the Node had no addresses */
export const pauseForNode = (looks: number): number => at(NODE_LOOKS, looks - 1);
/** After so many looks, an Event says what the CSR waits for. */
export const LOOKS_BEFORE_EVENT = NODE_LOOKS.length;

const OTHER_FORWARDER_LOOKS = [2, 15].map((minutes) => minutes * MINUTE);

/** A control plane's own forwarder serves it within seconds, if it runs. */
export const pauseForOtherForwarder = (looks: number): number =>
  at(OTHER_FORWARDER_LOOKS, looks - 1);

const STORE_PAUSES = [0.5, 1, 2, 4, 8, 15].map((seconds) => seconds * SECOND);
/** After so many failures in a row, for a minute, an Event says that the bucket cannot be reached. */
export const FAILURES_BEFORE_EVENT = STORE_PAUSES.length + 3;
const API_PAUSES = [1, 2, 4, 8, 16, 30].map((seconds) => seconds * SECOND);
/** A person has to act, or the program has a bug. */
const HELPLESS_PAUSE = MINUTE;

/** @param failures how often in a row the step has failed for this CSR, from 1 */
export function pauseAfterFailure(of: 'exchange' | 'api' | 'other', failures: number): number {
  if (of === 'other') return HELPLESS_PAUSE;
  return at(of === 'api' ? API_PAUSES : STORE_PAUSES, failures - 1);
}

const MOST_STAGGER = 2 * SECOND;

/**
 * How long this replica leaves a CSR to the others, so that usually one of them asks. They need not agree on who: the
 * request id is the CSR's uid, so all of them meet at one request.
 */
export function staggerOf(uid: string, replica: string): number {
  const digest = createHash('sha256').update(`${uid}\n${replica}`).digest();
  return Math.floor((digest.readUInt32BE(0) / 2 ** 32) * MOST_STAGGER);
}
