/** Judges that share no code with the project. judged.slow.test.ts has every set under each kind of CA key. */
import { readFileSync } from 'node:fs';
import { CA_KEY_SPECS } from '../../../lib/signing/signing-algorithm.ts';
import { InMemoryService } from '../../support/in-memory-service.ts';
import { issueAll } from '../../support/judged-sets.ts';
import { itWithJudges, judgeChain, lintCertificates } from '../../support/judges.ts';
import { kubeadmSet } from '../../support/kubeadm-sets.ts';

const newest = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');

describe.each(CA_KEY_SPECS)('with CA keys %s', (keySpec) => {
  itWithJudges('OpenSSL, Go and zlint accept every certificate of the newest set', async () => {
    const items = await issueAll(keySpec, [newest]);
    expect(items.length).toBeGreaterThan(10);
    expect(judgeChain(items).filter(({ ok }) => !ok)).toEqual([]);
  });

  itWithJudges('zlint has no error and no warning for the CA certificates', async () => {
    const memory = await InMemoryService.open(keySpec);
    const cas = (['ca', 'etcd-ca', 'front-proxy-ca'] as const).map((name) => ({
      name,
      certificate: memory.caCertificate(name),
    }));
    const errors = lintCertificates(cas).filter((finding) => finding.errors.length > 0);
    expect(errors).toEqual([]);
  });
});

it('uses real CSRs', () => {
  expect(readFileSync(newest.csrs[0]?.file ?? '', 'utf8')).toMatch(/CERTIFICATE REQUEST/);
});
