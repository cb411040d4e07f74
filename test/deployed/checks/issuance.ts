import { deepEqual, equal, match } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { outcomeKeys, parseRequestKey } from '../../../lib/contract/request-key.ts';
import { bundleKey } from '../../../lib/contract/trust-domain.ts';
import { isCertificateName } from '../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../lib/profiles/profile-for.ts';
import type { Credentials } from '../../stand-in/ministack.ts';
import { approveRequest } from '../../support/approve-command.ts';
import { type ChainItem, judgeChain } from '../../support/judges.ts';
import { csrOf, type KubeadmCsr, kubeadmSet } from '../../support/kubeadm-sets.ts';
import { type Check, eventually, NODE, nodeOfA } from '../check.ts';
import type { Deployment } from '../deployment.ts';

const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
const WAITS = 'super-admin.conf';
const place = (cluster: string, csr: KubeadmCsr) => `requests/${cluster}/${NODE}/first/${csr.path}`;

export const issuance: Check[] = [
  {
    name: 'an operator writes cluster records with the command, from a kubeadm configuration',
    async run(deployment) {
      const operator = await deployment.assume('operator');
      const config = join(set.dir, 'config.yaml');
      for (const [cluster, domain] of Object.entries({ a: 'prod', b: 'lab' })) {
        const options = ['--kubeadm-config', config, '--trust-domain', domain];
        await deployment.cakeless(operator, 'cluster', 'apply', cluster, ...options);
        const shown = await deployment.cakeless(operator, 'cluster', 'show', cluster);
        match(shown, new RegExp(domain));
      }
    },
  },
  {
    name: "a node with a shared role uploads kubeadm's CSRs, and gets all certificates except one; the judges accept them (keys ECC_NIST_P256)",
    run: async (deployment) => issued(deployment, 'a', await nodeOfA(deployment), 'prod'),
  },
  {
    name: 'a node with its own role gets its certificates, too (keys RSA_2048)',
    run: async (deployment) => issued(deployment, 'b', await deployment.assume('cp-1 of b'), 'lab'),
  },
  {
    name: 'super-admin.conf waits until an approver approves it with the command, and is then issued',
    async run(deployment) {
      const node = await nodeOfA(deployment);
      const csr = csrOf(set, WAITS);
      const keys = outcomes(place('a', csr));
      match((await deployment.read(node, 'exchange', keys.pending)) ?? '', /"waitingFor"/);
      const approver = await deployment.assume('approver');
      match(await deployment.cakeless(approver, 'pending'), /kubernetes-super-admin/);
      const asApprover = (...args: string[]) => deployment.cakeless(approver, ...args);
      await approveRequest(asApprover, place('a', csr), 'tried out');
      const certificate = await eventually(keys.certificate, () =>
        deployment.read(node, 'exchange', keys.certificate),
      );
      judge(await chainItems(deployment, node, 'prod', csr, certificate));
    },
  },
  {
    name: 'an object that holds a private key is deleted from the bucket and rejected',
    async run(deployment) {
      const node = await nodeOfA(deployment);
      const key = `requests/a/${NODE}/leak/pki/apiserver.csr`;
      await deployment.create(node, 'exchange', key, privateKey());
      const path = `certificates/a/${NODE}/leak/pki/apiserver.rejected.json`;
      const refusal = await eventually(path, () => deployment.read(node, 'exchange', path));
      const codes = JSON.parse(refusal).violations.map(({ code }: { code: string }) => code);
      deepEqual(codes, ['private-key']);
      const gone = async () =>
        (await deployment.read(node, 'exchange', key)) === undefined ? true : undefined;
      await eventually(`deletion of ${key}`, gone);
    },
  },
];

/** Everything in the set except super-admin.conf, which waits for approval. */
async function issued(
  deployment: Deployment,
  cluster: string,
  node: Credentials,
  trustDomain: string,
): Promise<void> {
  for (const csr of set.csrs)
    await deployment.create(node, 'exchange', place(cluster, csr), readFileSync(csr.file));
  const items: ChainItem[] = [];
  for (const csr of set.csrs) {
    const keys = outcomes(place(cluster, csr));
    const key = csr.certificateName === WAITS ? keys.pending : keys.certificate;
    const found = await eventually(key, () => deployment.read(node, 'exchange', key));
    if (csr.certificateName !== WAITS)
      items.push(...(await chainItems(deployment, node, trustDomain, csr, found)));
  }
  equal(set.csrs.length, 12);
  judge(items);
}

function outcomes(requestKey: string) {
  const address = parseRequestKey(requestKey);
  if (!address) throw new Error(`${requestKey}: not the key of a request`);
  return outcomeKeys(address);
}

async function chainItems(
  deployment: Deployment,
  node: Credentials,
  trustDomain: string,
  csr: KubeadmCsr,
  certificate: string,
): Promise<ChainItem[]> {
  if (!isCertificateName(csr.certificateName)) throw new Error(csr.certificateName);
  const { ca, extendedKeyUsages } = profileOf(csr.certificateName);
  const roots = (await deployment.read(node, 'exchange', bundleKey(trustDomain, ca))) ?? '';
  return extendedKeyUsages.map((usage) => ({
    name: `${csr.certificateName} ${usage}`,
    certificate,
    roots,
    usage,
    // verifiers cannot check a certificate for a name that is a wildcard itself
    dnsNames: csr.sans.dns.filter((name) => !name.startsWith('*')),
    ips: csr.sans.ip,
  }));
}

/** OpenSSL (strict), Go and zlint, as far as they are installed. */
function judge(items: ChainItem[]): void {
  const complaints = judgeChain(items).filter(({ ok }) => !ok);
  deepEqual(complaints, []);
}

function privateKey(): string {
  return readFileSync(join(set.dir, 'keys', 'pki', 'apiserver.key'), 'utf8');
}
