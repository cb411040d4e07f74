/** CSRs from a configuration request what `kubeadm certs generate-csr` requested with the same configuration. */
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readKubeadmConfig } from '../../../../client/kubeadm/kubeadm-config.ts';
import { certificateNamesFor, csrFromConfig } from '../../../../client/node/csr/kubeadm-csr.ts';
import { makeCsr } from '../../../../client/node/csr/make-csr.ts';
import { makePrivateKey } from '../../../../client/node/disk/private-key.ts';
import { readRequest } from '../../../../lib/csr/read-request.ts';
import { readDer, TAG } from '../../../../lib/der/read.ts';
import { isCertificateName } from '../../../../lib/profiles/certificate-names.ts';
import { listKubeadmSets } from '../../../support/kubeadm-sets.ts';

const sets = listKubeadmSets().filter(({ layout }) => layout === 'generate-csr');
const configOf = ({ dir, configYaml = '' }: (typeof sets)[number]) =>
  readKubeadmConfig(configYaml, `${dir}/config.yaml`);

/** Subject and attributes of a CertificationRequestInfo, unchanged. */
function comparable(pem: string): string[] {
  const der = new Uint8Array(Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64'));
  const [info] = readDer(der, 'csr').as(TAG.sequence, 'csr').children();
  const fields = info?.as(TAG.sequence, 'info').children() ?? [];
  return [fields[1], fields[3]].map((field) => Buffer.from(field?.content ?? []).toString('hex'));
}

it('the fixtures cover several versions', () => {
  expect(new Set(sets.map(({ version }) => version)).size).toBeGreaterThan(5);
});

describe.each(sets)('$version $config', (set) => {
  it('lists the certificates for which kubeadm created CSRs', () => {
    const made = set.csrs.map(({ certificateName }) => certificateName).sort();
    expect(certificateNamesFor(configOf(set)).sort()).toEqual(made);
  });

  it.each(set.csrs)("the CSR of $path equals kubeadm's byte for byte", async (csr) => {
    if (!isCertificateName(csr.certificateName)) throw new Error(csr.certificateName);
    const planned = csrFromConfig(csr.certificateName, configOf(set));
    const key = createPrivateKey(await makePrivateKey('ECDSA-P256'));
    const real = readFileSync(csr.file);
    expect(comparable(makeCsr(planned.contents, key))).toEqual(comparable(real.toString()));
    expect(planned.keyKind).toBe(readRequest(real).request?.key.kind);
  });
});
