import { describeCas } from '../../../client/commands/trust-domain.ts';
import { summarizeTrustDomain } from '../../../client/operator/trust-domain.ts';
import { summarizeCas } from '../../../lib/ca/summarize.ts';
import { InMemoryService, START, TRUST_DOMAIN } from '../../support/in-memory-service.ts';
import { addVersion, type RotatedCa } from '../../support/rotated-ca.ts';

type Phase = Parameters<RotatedCa['enter']>[0];

it('a trust domain that was never rotated has no other versions', async () => {
  const { document } = await InMemoryService.open();
  expect(JSON.stringify(summarizeCas(document))).not.toMatch(/otherVersions/);
});

it.each<[Phase, number, number, string[]]>([
  [
    'trust',
    2,
    2,
    ['version 2 of ca', 'certified by the version before', 'from version 1 to 2: phase trust'],
  ],
  ['issue', 1, 2, ['version 1 of ca', 'from version 1 to 2: phase issue']],
  ['ended', 1, 1, ['version 1 of ca', `ended at ${START.toISOString()}`]],
  ['canceled', 2, 1, ['version 2 of ca', `ended at ${START.toISOString()}`]],
])(
  'in phase %s, version %d is the other one, and a new node needs %d hashes of ca',
  async (phase, other, hashes, says) => {
    const memory = await InMemoryService.open();
    (await addVersion(memory)).enter(phase);
    const summary = await summarizeTrustDomain(memory.authority, TRUST_DOMAIN);
    expect(summary.cas.ca?.otherVersions).toMatchObject([{ version: other }]);
    expect(summary.cas['etcd-ca']?.otherVersions).toBeUndefined();
    const ofCa = summary.caCertHashes?.filter((hash) => hash.startsWith('sha256'));
    expect(ofCa).toHaveLength(hashes);
    const lines = describeCas(summary)
      .filter((line) => typeof line === 'string')
      .join('\n');
    for (const text of says) expect(lines).toContain(text);
  },
);

it('a CA that signs although it was declared compromised is named', async () => {
  const memory = await InMemoryService.open();
  const { document } = memory;
  const { signing, versions = [] } = document.cas.ca ?? {};
  const compromised = versions.map((one) => ({ ...one, compromised: true }));
  const cas = summarizeCas({
    ...document,
    cas: { ...document.cas, ca: { signing: signing ?? 1, versions: compromised } },
  });
  expect([cas.ca?.compromised, cas['etcd-ca']?.compromised]).toEqual([true, undefined]);
  const lines = describeCas({ trustDomain: TRUST_DOMAIN, cas });
  expect(lines).toContain(
    'ca was declared compromised, and still signs: rotate it with --compromised',
  );
});
