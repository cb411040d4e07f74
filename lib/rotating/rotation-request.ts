/** The requests to create-ca that are about rotations, and its responses. */
import type { APPROVED_PHASES, Phase } from '../contract/rotation-phases.ts';
import type { CaName } from '../profiles/certificate-names.ts';
import type { CaKeySpec } from '../signing/signing-algorithm.ts';
import type { GateResult, Missing } from './gate-result.ts';

/** A phase whose start people approve. */
export type ApprovedPhase = (typeof APPROVED_PHASES)[number];

/** Evidence that may be missing, by the subject that a gate names, and why. */
export interface GivenWaiver {
  readonly subject: string;
  readonly reason: string;
}

interface OfCa {
  readonly trustDomain: string;
  readonly ca: CaName;
}

/**
 * Finds out what is to be approved. For `trust`, the new CA is drafted and recorded, and nothing is signed, except the CSR of
 * a CA below another one.
 */
export interface PlanRotationRequest extends OfCa {
  readonly action: 'plan-rotation';
  readonly phase: ApprovedPhase;
  /** The old key may have been stolen. For `retire` it is known. @default false */
  readonly compromised?: boolean;
  /** Evidence that may be missing. `rotate` must get the same. @default none */
  readonly waivers?: readonly GivenWaiver[];
  /** Key ARN or alias of the new CA. @default the key of the CA's version (`caKeyAlias`), created if it does not exist */
  readonly keyId?: string;
  /** Of a new key. @default that of the old CA */
  readonly keySpec?: CaKeySpec;
  /** Lifetime of the new CA certificate in days, unless an outside CA issues it. @default 3650, as kubeadm's */
  readonly validityDays?: number;
  /** The new CA is its own root, although the old one is below another CA. @default false: it is below another CA, too */
  readonly ownRoot?: boolean;
  /** For `trust`: first abandon the draft of this version, so that the next one is drafted. @default none is abandoned */
  readonly abandon?: number;
  /** The new CA is below another one, although the old one is its own root. @default what is recorded, or its own root */
  readonly belowAnother?: boolean;
}

/** Changes the phase, if nothing that it needs is missing. */
export interface RotateRequest extends OfCa {
  readonly action: 'rotate';
  readonly to: Phase;
  /** As it was planned; needed only for the start. @default false */
  readonly compromised?: boolean;
  /** As they were planned. @default none */
  readonly waivers?: readonly GivenWaiver[];
  /** Says what is missing, and changes nothing. @default false */
  readonly dryRun?: boolean;
}

/** Examines all clusters, and says how far the rotation of a trust domain is. Changes nothing. */
export interface RotationStatusRequest {
  readonly action: 'rotation';
  readonly trustDomain: string;
}

/** From now on, the old CA of the current rotation vouches for no other CA. */
export interface DeclareCompromisedRequest extends OfCa {
  readonly action: 'declare-compromised';
}

export type RotationRequest =
  | PlanRotationRequest
  | RotateRequest
  | RotationStatusRequest
  | DeclareCompromisedRequest;

/** What approvers approve: the change of one CA to one phase. Digests are SHA-256, in hexadecimal. */
export interface RotationPlan extends OfCa {
  readonly phase: ApprovedPhase;
  /** The number of the change: what was approved for an earlier one does not count. */
  readonly sequence: number;
  readonly from: { readonly version: number; readonly sha256: string };
  readonly to: {
    readonly version: number;
    readonly publicKeySha256: string;
    /** For `trust`: of the TBSCertificate that is signed. */
    readonly tbsSha256?: string;
    /** For `trust`: what that one says, and the key of KMS, as text for an approver. The digest above binds it. */
    readonly notAfter?: string;
    readonly keySpec?: CaKeySpec;
    readonly keyId?: string;
    /** Of the certificate, if it exists: for `retire`, and of a CA below another one. */
    readonly sha256?: string;
    /** For `trust`, of a CA below another one: the certificates above it, the root last. The digest does not need the names. */
    readonly above?: readonly { readonly subject: string; readonly sha256: string }[];
  };
  /** For `trust`: of the cross certificate's TBSCertificate; absent if it does not exist. */
  readonly crossTbsSha256?: string;
  readonly compromised: boolean;
  /** Sorted by subject. */
  readonly waivers: readonly GivenWaiver[];
  /** The digest of all of it, by which an approval names the plan. */
  readonly digest: string;
}

/** The response to `plan-rotation`. */
export interface PlannedRotation extends RotationPlan {
  /** What is unusual, such as that there is no cross certificate, and why. */
  readonly notes: readonly string[];
}

/** The response to `plan-rotation` of a new CA below another one, whose certificate is not imported yet. */
export interface AwaitedCertificate extends OfCa {
  readonly phase: 'trust';
  readonly awaited: {
    readonly version: number;
    /** Key ARN. */
    readonly keyId: string;
    readonly keySpec: CaKeySpec;
    /** PKCS#10 in PEM: the same until the certificate is imported. */
    readonly csr: string;
  };
  readonly notes: readonly string[];
}

/** The findings of a gate, without the digest of its evidence. */
export type Findings = Omit<GateResult, 'evidenceSha256'>;

/** The most important findings of a gate: a fleet of a thousand clusters can lack more than a response can hold. */
export interface BoundFindings extends Findings {
  /** How many there are beyond those in the lists. */
  readonly leftOut: { readonly missing: number; readonly notes: number };
}

/** The response to `rotate`, and to `declare-compromised`. */
export interface RotateResponse extends BoundFindings {
  readonly trustDomain: string;
  readonly ca: CaName;
  /** Whether this call changed it. */
  readonly changed: boolean;
  /** The phase now. */
  readonly phase: Phase;
  /** Of the last change; 0 before the first. */
  readonly sequence: number;
  /** What the change waits for, if it waits. */
  readonly missing: readonly Missing[];
  /** If the change needs an approval. */
  readonly plan?: RotationPlan;
}

/** A rotation that has ended, without being canceled. */
export interface LastRotation {
  readonly ca: CaName;
  readonly from: number;
  readonly to: number;
  readonly endedAt: string;
  readonly compromised: boolean;
  /** What it went on without, in the order of the phases; the phase is the one that began, or `stable` for the end. */
  readonly waivers: readonly (GivenWaiver & { readonly phase: Phase })[];
  /** How many waivers there are beyond those. */
  readonly leftOut: number;
}

/** The response to `rotation`, and what is read of a rotation without it. */
export interface RotationStatus extends BoundFindings {
  readonly trustDomain: string;
  readonly phase: Phase;
  readonly sequence: number;
  /** Absent if the trust domain is stable. */
  readonly rotation?: {
    readonly ca: CaName;
    readonly from: number;
    readonly to: number;
    readonly since: string;
    readonly startedAt: string;
    readonly compromised: boolean;
    /** The phase that comes next; `missing` is what it waits for. */
    readonly next: Phase;
  };
  /** Absent if the trust domain is stable, or if nobody has looked since its last change. */
  readonly evidence?: {
    /** When it was read. */
    readonly at: string;
    /** Whether the daily check read it; else this call did. */
    readonly isSummary: boolean;
  };
  /** If the next phase needs an approval: its plan without waivers. */
  readonly plan?: RotationPlan;
  /** If the trust domain is stable: the last rotation of each CA. */
  readonly lastRotations?: readonly LastRotation[];
  /** What people have to do now: each thing once, with the subjects that it concerns. */
  readonly todo: readonly string[];
  readonly leftOut: BoundFindings['leftOut'] & { readonly todo: number };
}
