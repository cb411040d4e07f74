/** Judges that share no code with the project: each certificate of every set of CSRs, under each kind of CA key. */
import { CA_KEY_SPECS } from '../../../lib/signing/signing-algorithm.ts';
import { InMemoryService } from '../../support/in-memory-service.ts';
import { issueAll } from '../../support/judged-sets.ts';
import { itWithJudges, judgeChain, lintCertificates } from '../../support/judges.ts';
import { listKubeadmSets } from '../../support/kubeadm-sets.ts';

const sets = listKubeadmSets().filter((set) => set.configYaml !== undefined);

describe.each(CA_KEY_SPECS)('with CA keys %s', (keySpec) => {
  itWithJudges(
    'OpenSSL, Go and zlint accept every certificate, for its use and its names',
    async () => {
      const items = await issueAll(keySpec, sets);
      expect(items.length).toBeGreaterThan(100);
      expect(judgeChain(items).filter(({ ok }) => !ok)).toEqual([]);
    },
  );

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
