/** What an approver's program computes, with what an approver can read, is what the function decided. */

import { readTrustDomainNames } from '../../../lib/cluster/trust-domain-names.ts';
import { parseRequestKey } from '../../../lib/contract/request-key.ts';
import { type AppraisedPlan, appraise } from '../../../lib/issuance/appraise.ts';
import { storedDeclarations } from '../../../lib/issuance/declarations.ts';
import { JUDGES } from '../../../lib/policy/judges.ts';
import { planDigest } from '../../../lib/policy/plan-digest.ts';
import { RULES_UNKNOWN } from '../../../lib/trust-domain-rules.ts';
import * as csr from '../../support/csr-builder.ts';
import { testKey } from '../../support/csr-builder-keys.ts';
import {
  CLUSTER,
  InMemoryService,
  TRUST_DOMAIN,
  UPLOADER,
} from '../../support/in-memory-service.ts';
import { csrOf, kubeadmSet } from '../../support/kubeadm-sets.ts';

const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');

async function pendingNode() {
  const memory = await InMemoryService.open();
  const { node } = memory.declare(set, { approvalRequired: ['apiserver'] });
  return { memory, key: memory.upload(node, csrOf(set, 'apiserver')) };
}

async function pendingUser() {
  const memory = await InMemoryService.open();
  memory.declare(set, { users: { organizations: ['team-a'] } });
  const key = `requests/${CLUSTER}/users/u1/user.csr`;
  const subject = csr.name([csr.O, csr.utf8('team-a')], [csr.CN, csr.utf8('jane')]);
  memory.exchange.seed(key, csr.buildCsr({ key: testKey('p-256'), subject }));
  return { memory, key };
}

async function appraised({ memory, key }: Awaited<ReturnType<typeof pendingNode>>) {
  const address = parseRequestKey(key);
  const object = await memory.exchange.get(key, 100_000);
  if (!address || !object) throw new Error(`${key} does not exist`);
  const { authority, now } = memory.service;
  const deps = {
    declared: storedDeclarations(authority, readTrustDomainNames),
    judges: JUDGES,
    now,
    rules: RULES_UNKNOWN,
  };
  return appraise(deps, address, object, UPLOADER);
}

it.each([
  ['a node', pendingNode],
  ['a user', pendingUser],
])('the digest of the plan for %s is that of pending.json', async (_, open) => {
  const opening = await open();
  expect((await opening.memory.process(opening.key)).outcome).toBe('pending');
  const appraisal = (await appraised(opening)) as AppraisedPlan;
  const { pending } = opening.memory.outcome(opening.key);
  expect(appraisal.digest).toBe(pending?.planDigest);
  const shown = { ...appraisal.terms, ...pending, cluster: CLUSTER };
  expect(planDigest(shown as AppraisedPlan['terms'])).toBe(appraisal.digest);
  expect(appraisal.toApprove).toMatchObject({ required: 1 });
});

it('writes nothing', async () => {
  const opening = await pendingNode();
  const { exchange, authority } = opening.memory;
  await appraised(opening);
  const calls = [...exchange.calls, ...authority.calls].map(({ call }) => call);
  expect(new Set(calls)).toEqual(new Set(['get']));
});

it('returns the violations of a request that would be rejected', async () => {
  const opening = await pendingNode();
  opening.memory.declare(set, { controlPlaneEndpoint: 'other.example.com:6443' });
  expect(await appraised(opening)).toMatchObject({
    kind: 'refused',
    certificateName: 'apiserver',
    violations: expect.arrayContaining([expect.objectContaining({ code: 'san-not-allowed' })]),
  });
});

it("knows the CA of the cluster's trust domain", async () => {
  const appraisal = (await appraised(await pendingNode())) as AppraisedPlan;
  expect(appraisal.terms).toMatchObject({ trustDomain: TRUST_DOMAIN, ca: 'ca' });
  expect(appraisal.ca.version).toBe(1);
});
