/** The result of a gate: whether a rotation may enter a phase. */

import type { Phase } from '../contract/rotation-phases.ts';
import type { Rotation } from '../contract/rotation-state.ts';
import type { TrustDomainDocument } from '../contract/trust-domain.ts';
import type { CaName } from '../profiles/certificate-names.ts';
import type { Service } from '../service.ts';

/** Evidence that a phase needs and that is missing. */
export interface Missing {
  /**
   * What a waiver names, such as `prod/node/worker-7` (cluster, kind, name) or `prod/namespace/shop`. Several reasons
   * about one subject are several of these; a waiver of the subject covers all.
   */
  readonly subject: string;
  readonly why: string;
  /** What a person does about it. */
  readonly fix: string;
}

export interface GateResult {
  readonly missing: readonly Missing[];
  /** What a person should know, although the gate does not wait for it. */
  readonly notes: readonly string[];
  /** What is counted, such as `control-plane nodes` 2 of 3. */
  readonly progress: readonly {
    readonly what: string;
    readonly done: number;
    readonly of: number;
  }[];
  /** SHA-256 digest of the evidence, in hexadecimal. */
  readonly evidenceSha256: string;
}

/** A change of phase that the table of phases allows. */
export interface Transition {
  readonly trustDomain: string;
  readonly ca: CaName;
  readonly from: number;
  readonly to: number;
  readonly before: Phase;
  readonly after: Phase;
  readonly direction: 'forward' | 'back';
  readonly compromised: boolean;
  /** Absent before the start. */
  readonly rotation?: Rotation;
}

/** Times that a gate goes by, in seconds. A deployment may shorten them (for tests: CAKELESS_GATE_RULES). */
export interface GateRules {
  /** A report that is older says nothing. */
  readonly heardWithinSeconds: number;
  /** How long `issue` lasts at least: one period of every node's timer. */
  readonly issueSeconds: number;
  /** A node without a Node object for that long is gone, if no record names it. */
  readonly goneAfterSeconds: number;
}

const DAY = 24 * 60 * 60;

export const DEFAULT_GATE_RULES: GateRules = {
  heardWithinSeconds: 8 * DAY,
  issueSeconds: 7 * DAY,
  goneAfterSeconds: 7 * DAY,
};

/** Reads the evidence and judges it. @throws Fault if the evidence cannot be read */
export type ExamineGate = (
  service: Service,
  document: TrustDomainDocument,
  transition: Transition,
  rules: GateRules,
) => Promise<GateResult>;

/** How evidence is judged. */
export interface Gate {
  readonly examine: ExamineGate;
  readonly rules: GateRules;
}
