import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  availableJudges,
  goParsesCsrs,
  itWithJudges,
  judgeChain,
  lintCertificates,
} from '../support/judges.ts';
import { kubeadmSet, listKubeadmSets } from '../support/kubeadm-sets.ts';
import { withEnvironment } from '../support/restored.ts';

itWithJudges('the reference certificate of kubeadm verifies with the CA next to it', () => {
  const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
  const csr = set.csrs.find(({ certificateName }) => certificateName === 'apiserver');
  const certificate = readFileSync(csr?.reference ?? '', 'utf8');
  const item = {
    name: 'apiserver',
    certificate,
    usage: 'serverAuth' as const,
    roots: readFileSync(join(set.dir, 'reference', 'pki', 'ca.crt'), 'utf8'),
    dnsNames: ['kubernetes.default'],
    ips: ['10.20.0.10'],
    at: new Date(new X509Certificate(certificate).validFrom), // the certificate expires
  };
  expect(judgeChain([item], ['go', 'openssl']).filter(({ ok }) => !ok)).toEqual([]);
}, ['go', 'openssl']);

itWithJudges('a certificate that zlint cannot read is an error', () => {
  const [found] = lintCertificates([{ name: 'nothing', certificate: 'nothing' }]);
  expect(found?.errors).toEqual([expect.stringContaining('unreadable')]);
}, ['zlint']);

describe('Go as a judge of requests', () => {
  itWithJudges('reads every committed request of kubeadm and sees the names of the manifest', () => {
    const csrs = listKubeadmSets().flatMap((set) => set.csrs);
    const said = goParsesCsrs(csrs.map(({ file }) => file));
    expect(said.filter(({ ok }) => !ok)).toEqual([]);
    expect(said.map(({ names = [] }) => names)).toEqual(
      csrs.map(({ sans }) => [
        ...sans.dns.map((name) => `DNS:${name}`),
        ...sans.ip.map((address) => `IP:${address}`),
      ]),
    );
  }, ['go']);

  itWithJudges('refuses a broken signature, a text that is not a request, and a missing file', () => {
    const [csr] = listKubeadmSets().flatMap((set) => set.csrs);
    const folder = mkdtempSync(join(tmpdir(), 'cakeless-csr-'));
    const broken = join(folder, 'broken.csr');
    const text = readFileSync(csr?.file ?? '', 'utf8').replace(/-----.*-----/g, '');
    const der = Buffer.from(text, 'base64');
    der[der.length - 1] = (der.at(-1) ?? 0) ^ 1;
    writeFileSync(broken, der);
    writeFileSync(join(folder, 'text'), 'not a request');
    const said = goParsesCsrs([broken, join(folder, 'text'), join(folder, 'missing')]);
    rmSync(folder, { recursive: true });
    expect(said.map(({ ok }) => ok)).toEqual([false, false, false]);
    expect(said.map(({ message }) => message)).toEqual([
      expect.stringContaining('verification error'),
      expect.stringContaining('asn1'),
      expect.stringContaining('no such file'),
    ]);
  }, ['go']);
});

describe('a judge that is not installed', () => {
  const item = { name: 'x', certificate: 'x', roots: 'x', usage: 'any' as const };
  const nowhere = {
    CAKELESS_TOOLS: join(tmpdir(), 'cakeless-no-tools-here'),
    CAKELESS_REQUIRE_JUDGES: undefined,
  };

  it('is listed with what to do about it', async () => {
    expect(await withEnvironment(nowhere, availableJudges)).toContainEqual({
      judge: 'zlint',
      missing: 'not built: run test/tools/install.sh',
    });
  });

  it('is left out of the judgement', async () => {
    expect(await withEnvironment(nowhere, () => judgeChain([item], ['go', 'zlint']))).toEqual([]);
  });

  it('fails the test where judges are required', async () => {
    const required = { ...nowhere, CAKELESS_REQUIRE_JUDGES: '1' };
    await expect(
      withEnvironment(required, () => judgeChain([item], ['go', 'zlint'])),
    ).rejects.toThrow(
      'CAKELESS_REQUIRE_JUDGES=1, but go: not built: run test/tools/install.sh, zlint: not built',
    );
  });
});
