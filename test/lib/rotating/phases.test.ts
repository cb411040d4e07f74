/** Which phase may follow which: the table, and nothing else. */

import { PHASES, type Phase } from '../../../lib/contract/rotation-phases.ts';
import type { Rotation } from '../../../lib/contract/rotation-state.ts';
import type { TrustDomainDocument } from '../../../lib/contract/trust-domain.ts';
import { findTransition, nextPhaseOf } from '../../../lib/rotating/phases.ts';

const version = (number: number) => ({
  version: number,
  keyId: `arn:${number}`,
  keySpec: 'ECC_NIST_P256' as const,
  certificate: `${number}`,
});

function documentIn(phase: Phase, more: Partial<Rotation> = {}): TrustDomainDocument {
  const since = '2026-12-01T00:00:00.000Z';
  return {
    trustDomain: 'prod',
    cas: {
      ca: { signing: 1, versions: [version(1), version(2)] },
      'etcd-ca': { signing: 1, versions: [version(1)] },
    },
    ...(phase !== 'stable' && {
      rotation: { ca: 'ca', from: 1, to: 2, phase, since, startedAt: since, ...more },
    }),
  };
}

const find = (phase: Phase, to: Phase, more: Partial<Rotation> = {}, compromised = false) =>
  findTransition(documentIn(phase, more), { ca: 'ca', to, compromised });

it('allows the changes of the table, and no other', () => {
  const all = PHASES.flatMap((before) => PHASES.map((after) => [before, after] as const));
  const changes = all.flatMap(([before, after]) => {
    const found = find(before, after);
    if (found.kind !== 'change') return [];
    const { direction, approval, hasGate } = found.change;
    return [`${before} ${after} ${direction} ${approval ?? 'nobody'} ${hasGate}`];
  });
  expect(changes).toEqual([
    'stable trust forward trust true',
    'trust stable back nobody true',
    'trust issue forward nobody true',
    'issue trust back nobody false',
    'issue retire forward retire true',
    'retire stable forward nobody true',
    'retire issue back nobody false',
  ]);
});

it.each(PHASES)('a repeated call for phase %s finds that it was reached before', (phase) => {
  expect(find(phase, phase)).toEqual({ kind: 'reached' });
});

it.each<[string, Phase, Phase, string]>([
  ['skips a phase', 'stable', 'issue', 'is in phase stable; allowed now: trust'],
  ['skips two', 'stable', 'retire', 'is in phase stable; allowed now: trust'],
  ['drops the old CA before anything is issued', 'trust', 'retire', 'allowed now: issue, stable'],
  ['ends before the old CA is dropped', 'issue', 'stable', 'allowed now: retire, trust'],
  ['goes back by two phases', 'retire', 'trust', 'allowed now: stable, issue'],
])('refuses a change that %s, and says what is allowed', (_, before, after, why) => {
  expect(find(before, after)).toEqual({ kind: 'refused', why: expect.stringContaining(why) });
});

it('starts with a version number that was never used', () => {
  expect(find('stable', 'trust')).toMatchObject({ transition: { from: 1, to: 3 } });
});

it('keeps the versions of the rotation until it ends', () => {
  expect(find('retire', 'stable')).toMatchObject({ transition: { from: 1, to: 2 } });
});

it('refuses a second CA while one is rotated', () => {
  const asked = { ca: 'etcd-ca', to: 'trust', compromised: false } as const;
  expect(findTransition(documentIn('issue'), asked)).toEqual({
    kind: 'refused',
    why: expect.stringContaining('ca of trust domain prod is being rotated (phase issue)'),
  });
});

it('refuses a CA that the trust domain does not have', () => {
  const asked = { ca: 'kubelet-ca', to: 'trust', compromised: false } as const;
  expect(findTransition(documentIn('stable'), asked)).toEqual({
    kind: 'refused',
    why: 'trust domain prod has no kubelet-ca; it has ca, etcd-ca',
  });
});

describe('a compromised CA', () => {
  it('is declared at the start', () => {
    expect(find('stable', 'trust', {}, true)).toMatchObject({ transition: { compromised: true } });
  });

  it('stays compromised: later calls need not say it', () => {
    const later = find('trust', 'issue', { compromised: true });
    expect(later).toMatchObject({ transition: { compromised: true } });
  });

  it('is not declared by a change of phase', () => {
    expect(find('trust', 'issue', {}, true)).toEqual({
      kind: 'refused',
      why: expect.stringContaining('declare-compromised'),
    });
  });

  it('is not restored after it was dropped', () => {
    expect(find('retire', 'issue', { compromised: true })).toEqual({
      kind: 'refused',
      why: 'the old ca is compromised, and no node restores it; allowed now: stable',
    });
    expect(find('issue', 'trust', { compromised: true }).kind).toBe('change');
  });
});

it('each phase has one next phase', () => {
  expect(PHASES.map(nextPhaseOf)).toEqual(['trust', 'issue', 'retire', 'stable']);
});
