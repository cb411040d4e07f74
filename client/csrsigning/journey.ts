/** The state of a CSR: what is known about it, and its next step. */
import type { Below, NodeQuestion } from './decide.ts';
import type { Tracked } from './tracker.ts';

export type Step =
  /** Ask the API server about its Node. */
  | 'ask'
  /** Upload an attempt. */
  | 'upload'
  /** Look for the outcome, and act on it. */
  | 'look';

/**
 * Who is behind a CSR, as far as this forwarder can see. `known`: the node itself, or a person's CSR that a person
 * approved. `named`: someone else, with a bootstrap token, names a node that exists. `unknown`: nobody knows the name.
 */
export type Standing = 'known' | 'named' | 'unknown';

export interface Journey extends Tracked {
  /** How many this process had seen when it saw this one. */
  readonly number: number;
  /** undefined while there is nothing to do: it waits for an approval, or is finished. */
  step: Step | undefined;
  standing: Standing;
  route: { readonly below: Below; readonly ask: NodeQuestion };
  /** The attempt to upload, or the last one that was uploaded. */
  attempt: number;
  /** When its last attempt was uploaded, by the monotonic clock; undefined if it is not waiting for an outcome. */
  uploadedAt: number | undefined;
  /** Whether the record does not know the name: the next attempts of such CSRs share a slow rate. */
  isUnlisted: boolean;
  /** Whether this process has seen a rejection of it. */
  wasRejected: boolean;
  /** How often in a row: its Node had no addresses, no outcome was found, a certificate was wrong, a step failed. */
  counts: { node: number; looks: number; wrong: number; failures: number };
  /** The pending document that was read last, by when it was written. */
  pendingSince: number | undefined;
  /** Changes whenever the next step is set, so that an older entry of the agenda counts no more. */
  plan: number;
}

export const newJourney = (tracked: Tracked, number: number): Journey => ({
  ...tracked,
  number,
  step: undefined,
  standing: 'unknown',
  route: { below: 'csr', ask: 'none' },
  attempt: 1,
  uploadedAt: undefined,
  isUnlisted: false,
  wasRejected: false,
  counts: { node: 0, looks: 0, wrong: 0, failures: 0 },
  pendingSince: undefined,
  plan: 0,
});

/** What follows a step. */
export type Next =
  | { readonly step: Step; readonly inMs: number }
  /** Nothing, until the CSR changes. */
  | 'nothing'
  /** The CSR was deleted. */
  | 'gone';
