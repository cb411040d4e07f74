/** A trust domain whose `ca` is rotated: with a gate that a test decides about, and approvals. */
import { createTrustDomain } from '../../lib/ca/create-trust-domain.ts';
import { type RotationApproval, rotationApprovalKey } from '../../lib/contract/rotation.ts';
import type { Phase } from '../../lib/contract/rotation-phases.ts';
import type { TrustDomainDocument } from '../../lib/contract/trust-domain.ts';
import { declareCompromised } from '../../lib/rotating/declare-compromised.ts';
import { DEFAULT_GATE_RULES, type GateResult } from '../../lib/rotating/gate-result.ts';
import { planRotation } from '../../lib/rotating/plan-rotation.ts';
import { rotate } from '../../lib/rotating/rotate.ts';
import type {
  AwaitedCertificate,
  PlannedRotation,
  PlanRotationRequest,
  RotateRequest,
  RotationPlan,
} from '../../lib/rotating/rotation-request.ts';
import { liveStatus } from '../../lib/rotating/status.ts';
import { openCaService } from './ca-service.ts';
import type { CorporateRoot } from './corporate-root.ts';
import { importAllSubordinates } from './subordinate-cas.ts';

export const TRUST_DOMAIN = 'prod';
export const ALICE = 'AROAEXAMPLE:alice@example.com';
const OF_CA = { trustDomain: TRUST_DOMAIN, ca: 'ca' } as const;

export const EMPTY_GATE: GateResult = {
  missing: [],
  notes: [],
  progress: [],
  evidenceSha256: 'e'.repeat(64),
};

/** @param corporate whose CAs they are below; their own root without it */
export async function rotatingWorld(corporate?: CorporateRoot) {
  const { keys, service } = openCaService(new Date('2026-12-24T12:00:00Z'));
  const { authority, exchange } = service;
  if (corporate)
    await importAllSubordinates(service, keys, TRUST_DOMAIN, corporate, ['ca', 'etcd-ca']);
  else
    await createTrustDomain(service, keys, {
      trustDomain: TRUST_DOMAIN,
      validityDays: 3650,
      cas: ['ca', 'etcd-ca'],
    });
  const gate = {
    result: EMPTY_GATE,
    asked: 0,
    rules: DEFAULT_GATE_RULES,
    examine: async () => {
      gate.asked += 1;
      return gate.result;
    },
  };
  const ask = (more: Partial<PlanRotationRequest> = {}) =>
    planRotation(service, keys, { action: 'plan-rotation', ...OF_CA, phase: 'trust', ...more });
  const plan = async (more: Partial<PlanRotationRequest> = {}) => planned(await ask(more));
  const approve = (planned: RotationPlan, more: Partial<RotationApproval> = {}, by = ALICE) =>
    authority.seed(
      rotationApprovalKey(TRUST_DOMAIN, planned.digest, by),
      JSON.stringify({
        trustDomain: planned.trustDomain,
        ca: planned.ca,
        phase: planned.phase,
        planDigest: planned.digest,
        decision: 'approve',
        reason: 'planned',
        decidedAt: '2026-12-24T12:00:00.000Z',
        ...more,
      }),
    );
  const go = (to: Phase, more: Partial<RotateRequest> = {}) =>
    rotate(service, gate, { action: 'rotate', ...OF_CA, to, ...more });
  /** Goes forward through these phases, with approvals. */
  const advance = async (...phases: readonly Phase[]) => {
    for (const phase of phases) {
      if (phase === 'trust' || phase === 'retire') approve(await plan({ phase }));
      const { changed, missing } = await go(phase);
      if (!changed) throw new Error(JSON.stringify(missing));
    }
  };
  return {
    keys,
    service,
    authority,
    exchange,
    gate,
    ask,
    plan,
    approve,
    go,
    advance,
    declare: () => declareCompromised(service, { action: 'declare-compromised', ...OF_CA }),
    status: () => liveStatus(service, gate, { action: 'rotation', trustDomain: TRUST_DOMAIN }),
    document: () => authority.json('trust/prod.json') as unknown as TrustDomainDocument,
    published: () => exchange.json('trust/prod/rotation.json'),
    bundle: () => exchange.text('trust/prod/ca.crt') ?? '',
    /** What both buckets hold, to return to. */
    save: () => {
      const saved = [authority, exchange].map((store) => new Map(store.objects));
      return () => {
        [authority, exchange].forEach((store, i) => {
          store.objects.clear();
          for (const [key, object] of saved[i] ?? []) store.objects.set(key, object);
        });
      };
    },
  };
}

/** The plan, where no certificate is awaited. */
export function planned(response: PlannedRotation | AwaitedCertificate): PlannedRotation {
  if ('awaited' in response) throw new Error('the certificate is awaited');
  return response;
}

export type RotatingWorld = Awaited<ReturnType<typeof rotatingWorld>>;
