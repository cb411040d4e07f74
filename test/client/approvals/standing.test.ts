/** Standing approvals that are changed by several people at once, or left from another trust domain. */
import { changeStanding, type StandingChange } from '../../../client/approvals/standing.ts';
import { standingApprovalKey } from '../../../lib/contract/approvals.ts';
import { CLUSTER, InMemoryService, TRUST_DOMAIN } from '../../support/in-memory-service.ts';
import { kubeadmSet } from '../../support/kubeadm-sets.ts';
import type { MemoryStore } from '../../support/memory-store.ts';

const KEY = standingApprovalKey(CLUSTER, 'alice');
const NOW = new Date('2026-11-26T12:00:00Z');
const grant = (...names: StandingChange['names']): StandingChange => ({
  action: 'grant',
  names,
  approver: 'alice',
});
const withdraw = (...names: StandingChange['names']): StandingChange => ({
  action: 'withdraw',
  names,
  approver: 'alice',
});

let authority: MemoryStore;
const change = (what: StandingChange) => changeStanding(authority, CLUSTER, what, NOW);

async function openService(): Promise<InMemoryService> {
  const service = await InMemoryService.open();
  service.declare(kubeadmSet('1.37.2', 'generate-csr', 'v4-p256'));
  return service;
}

beforeEach(async () => {
  ({ authority } = await openService());
});

/** The names that are approved in a trust domain. */
const names = (trustDomain: string) =>
  readGrants()
    .filter((grant) => grant.trustDomain === trustDomain)
    .map(({ certificateName }) => certificateName);

const readGrants = () =>
  (authority.json(KEY)?.grants ?? []) as { trustDomain: string; certificateName: string }[];

/** Lets someone else act after the command has read the approval, and before it writes. */
function meanwhile(act: () => void): void {
  authority.interrupt = (point) => {
    if (!/^before (?:create|replace|put)$/.test(point)) return;
    authority.interrupt = () => undefined;
    act();
  };
}

describe('after the cluster moved to another trust domain', () => {
  beforeEach(async () => {
    await change(grant('admin.conf', 'apiserver-kubelet-client'));
    const key = `clusters/${CLUSTER}.json`;
    authority.seed(key, JSON.stringify({ ...authority.json(key), trustDomain: 'td2' }));
  });

  it('a withdrawal grants nothing in the new one', async () => {
    await change(withdraw('admin.conf'));
    expect(names('td2')).toEqual([]);
  });

  it('a grant carries no name over from the old one', async () => {
    await change(grant('apiserver'));
    expect(names('td2')).toEqual(['apiserver']);
  });
});

describe('if someone else changes the approval in the meantime, it is a conflict and theirs stays:', () => {
  const theirs = (...certificateNames: string[]) =>
    JSON.stringify({
      cluster: CLUSTER,
      trustDomain: TRUST_DOMAIN,
      grants: certificateNames.map((certificateName) => ({
        certificateName,
        trustDomain: TRUST_DOMAIN,
        organizations: [],
        maxValiditySeconds: 3600,
        decidedAt: '2026-11-26T11:59:59Z',
      })),
      denials: [],
    });

  it('a grant does not undo their withdrawal', async () => {
    await change(grant('admin.conf'));
    meanwhile(() => authority.seed(KEY, theirs()));
    await expect(change(grant('apiserver'))).rejects.toMatchObject({
      code: 'conflict',
      message: `cluster ${CLUSTER}: someone else changed the standing approval while this command was running; nothing was written`,
      hint: expect.stringContaining('run the same command again'),
    });
    expect(authority.text(KEY)).toBe(theirs());
  });

  it('a first grant does not replace theirs', async () => {
    meanwhile(() => authority.seed(KEY, theirs('admin.conf')));
    await expect(change(grant('apiserver'))).rejects.toMatchObject({ code: 'conflict' });
    expect(authority.text(KEY)).toBe(theirs('admin.conf'));
  });
});

it('a retry that meets its own earlier write succeeds', async () => {
  const twin = (await openService()).authority;
  await changeStanding(twin, CLUSTER, grant('admin.conf'), NOW);
  meanwhile(() => authority.seed(KEY, twin.text(KEY) ?? ''));
  await expect(change(grant('admin.conf'))).resolves.toMatchObject({ cluster: CLUSTER });
});

it('a change that makes no difference returns the approval as it is', async () => {
  const first = await change(grant('admin.conf'));
  const again = await change(grant('admin.conf'));
  expect(again).toEqual(first);
  expect(authority.json(KEY)).toEqual(first);
});

it('a cluster without a record is a usage error, with the command that writes the record', async () => {
  await expect(changeStanding(authority, 'nope', grant('admin.conf'), NOW)).rejects.toMatchObject({
    code: 'usage',
    message: 'cluster nope: no such cluster record',
    hint: 'write it with cakeless cluster apply nope --kubeadm-config FILE --trust-domain NAME',
  });
});

it('a withdrawal where nothing was granted writes nothing', async () => {
  await expect(change(withdraw())).resolves.toBeUndefined();
  expect(authority.text(KEY)).toBeUndefined();
});
