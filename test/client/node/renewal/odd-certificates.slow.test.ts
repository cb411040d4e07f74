/** More odd kubeconfigs and certificates, and requests that an earlier run left. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openRequest } from '../../../../client/node/renewal/request-journal.ts';
import { formatName } from '../../../../lib/csr/alternative-names.ts';
import { readRequest } from '../../../../lib/csr/read-request.ts';
import { LEAVES } from '../../../support/openssl-node.ts';
import { apiserverNames, nodeWith, renewAll } from './odd-certificates.ts';

it('a kubeconfig whose data cannot be replaced is left out before anything is uploaded', async () => {
  const folder = nodeWith({ path: 'admin.conf' });
  const file = join(folder, 'scheduler.conf');
  const anchored = readFileSync(file, 'utf8').replace(
    /client-certificate-data: (.*)/,
    'client-certificate-data: &data $1\n    x-copy: *data',
  );
  writeFileSync(file, anchored);
  const { requested, text } = await renewAll(folder);
  expect(requested).toHaveLength(LEAVES.length - 1);
  expect(text).toContain(`${file}: its certificate data cannot be changed without changing`);
});

it('a kubeconfig whose context names a missing cluster is left out, with the reason', async () => {
  const folder = nodeWith({ path: 'admin.conf' });
  const file = join(folder, 'scheduler.conf');
  writeFileSync(
    file,
    readFileSync(file, 'utf8').replace(/cluster: kubernetes\b/, 'cluster: elsewhere'),
  );
  const { requested, text } = await renewAll(folder);
  expect(requested).toHaveLength(LEAVES.length - 1);
  expect(text).toContain(`${file}: its current context names the cluster elsewhere`);
});

it('names that occur twice are requested once, as kubeadm does', async () => {
  const folder = nodeWith({
    path: 'pki/apiserver',
    names: `${apiserverNames},DNS:cp-1,IP:10.20.0.11`,
  });
  const { requested } = await renewAll(folder);
  expect(requested).toHaveLength(LEAVES.length);
  const csr = readFileSync(join(folder, 'cakeless/requests/r/pki/apiserver.csr'));
  const names = (readRequest(csr).request?.names ?? []).map(formatName);
  expect(names).toEqual(apiserverNames.split(','));
});

it('a request whose CSR was never written is dropped, with the reason, if its certificate is odd', async () => {
  const folder = nodeWith({ path: 'pki/apiserver', subject: '/OU=x/CN=kube-apiserver' });
  const createdAt = new Date().toISOString();
  const request = { cluster: 'prod', node: 'cp-1', request: 'earlier', createdAt };
  await openRequest(join(folder, 'cakeless'), { ...request, open: ['apiserver'] });
  const { requested, text } = await renewAll(folder);
  expect(requested).toHaveLength(LEAVES.length - 1);
  expect(text).toMatch(/^apiserver: .*cannot request the same contents/m);
});

it('a pending request for a kubeconfig that was locked away is dropped, and nothing fails', async () => {
  const folder = nodeWith({ path: 'super-admin.conf' });
  const first = await renewAll(folder);
  expect(first.requested.some((key) => key.endsWith('super-admin.conf.csr'))).toBe(true);
  for (const { path } of LEAVES)
    if (path !== 'kubelet.conf' && path.endsWith('.conf')) rmSync(join(folder, path));
  const { report, text } = await renewAll(folder);
  expect(report.certificates.find(({ name }) => name === 'super-admin.conf')).toMatchObject({
    outcome: 'skipped',
    isAbsent: true,
  });
  expect(text).toMatch(/^not on this node: .*super-admin\.conf/m);
});
