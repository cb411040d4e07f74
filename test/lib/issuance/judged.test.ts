/** Judges that share no code with the project. judged.slow.test.ts has every set, under each kind of CA key. */
import { readFileSync } from 'node:fs';
import { issueAll } from '../../support/judged-sets.ts';
import { itWithJudges, judgeChain } from '../../support/judges.ts';
import { kubeadmSet } from '../../support/kubeadm-sets.ts';

const newest = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');

itWithJudges(
  'OpenSSL, Go and zlint accept every certificate of the newest set, with CA keys ECC_NIST_P256',
  async () => {
    const items = await issueAll('ECC_NIST_P256', [newest]);
    expect(items.length).toBeGreaterThan(10);
    expect(judgeChain(items).filter(({ ok }) => !ok)).toEqual([]);
  },
);

it('uses real CSRs', () => {
  expect(readFileSync(newest.csrs[0]?.file ?? '', 'utf8')).toMatch(/CERTIFICATE REQUEST/);
});
