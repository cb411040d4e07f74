/** Leaf certificates from before the renewal of their CA with the same key, judged with the renewed certificate. */
import { renewCa } from '../../../lib/ca/renew-ca.ts';
import { ADOPTABLE_CAS } from '../../../lib/ca/trust-domain-request.ts';
import type { TrustDomainDocument } from '../../../lib/contract/trust-domain.ts';
import { adoptedSets, readAdoptedSet } from '../../support/adopted-cas.ts';
import { openAdopted, questionsAbout } from '../../support/adopted-leaves.ts';
import { TRUST_DOMAIN } from '../../support/in-memory-service.ts';
import { itWithJudges, judgeChain } from '../../support/judges.ts';

/** By the certificate before. */
async function renewedRoots(set: string): Promise<Map<string, string>> {
  const existing = readAdoptedSet(set);
  const { memory } = await openAdopted(existing);
  const roots = new Map<string, string>();
  for (const ca of ADOPTABLE_CAS) {
    await renewCa(memory.service, { action: 'renew-ca', trustDomain: TRUST_DOMAIN, ca });
    const { cas } = memory.authority.json(`trust/${TRUST_DOMAIN}.json`) as TrustDomainDocument;
    roots.set(existing[ca].certificate, cas[ca]?.versions[0]?.certificate ?? '');
  }
  return roots;
}

describe.each(adoptedSets())('CAs of %s', (set) => {
  itWithJudges('verify their leaf certificates when renewed, strictly, too, by OpenSSL and Go', async () => {
    const roots = await renewedRoots(set);
    const items = (await questionsAbout(set))
      .filter(({ lenient }) => lenient)
      .map((item) => ({ ...item, roots: roots.get(item.roots) ?? '' }));
    const strict = items.map((item) => ({ ...item, lenient: false, dnsNames: [], ips: [] }));
    const judgements = judgeChain([...items, ...strict], ['openssl', 'go']);
    expect(judgements.length).toBeGreaterThan(40);
    expect(judgements.filter(({ ok }) => !ok)).toEqual([]);
  }, ['openssl', 'go']);
});
