/** A key and the CSR next to it: found only if they match. */
import { createPrivateKey } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readKeyAndCsr, writeKeyAndCsr } from '../../../../client/node/csr/key-and-csr.ts';
import { makeCsr } from '../../../../client/node/csr/make-csr.ts';
import { kubeconfigText } from '../../../../client/node/disk/kubeconfig-text.ts';
import { makePrivateKey } from '../../../../client/node/disk/private-key.ts';

const root = mkdtempSync(join(tmpdir(), 'cakeless-key-'));
afterAll(() => rmSync(root, { recursive: true }));

const contents = { subject: { commonName: 'admin', organizations: [] }, names: [] };
let count = 0;

async function pair() {
  count += 1;
  const keyPem = await makePrivateKey('ECDSA-P256');
  const csr = makeCsr(contents, createPrivateKey(keyPem));
  return { stem: join(root, `${count}`, 'admin.conf'), keyPem, csr };
}

it('reads back what it wrote, and writes with mode 0600', async () => {
  const { stem, keyPem, csr } = await pair();
  await writeKeyAndCsr(stem, keyPem, csr);
  const found = readKeyAndCsr(stem);
  expect(found).toMatchObject({ keyPem, request: { subject: contents.subject } });
  expect(Buffer.from(found?.csr ?? '').toString()).toBe(csr);
  for (const end of ['key', 'csr']) expect(statSync(`${stem}.${end}`).mode & 0o777).toBe(0o600);
});

it('finds the key inside a kubeconfig, as generate-csr leaves it', async () => {
  const { stem, keyPem, csr } = await pair();
  await writeKeyAndCsr(stem, keyPem, csr);
  rmSync(`${stem}.key`);
  const parts = { server: 's', clusterName: 'c', userName: 'u', privateKey: keyPem };
  writeFileSync(stem, kubeconfigText(parts));
  expect(readKeyAndCsr(stem)?.keyPem).toBe(keyPem);
});

it.each<[string, (stem: string) => Promise<void> | void]>([
  ['the key is missing', (stem) => rmSync(`${stem}.key`)],
  ['the CSR is missing', (stem) => rmSync(`${stem}.csr`)],
  ['the key cannot be read', (stem) => writeFileSync(`${stem}.key`, 'nothing')],
  ['the CSR cannot be read', (stem) => writeFileSync(`${stem}.csr`, 'nothing')],
  [
    'the key is another one',
    async (stem) => writeFileSync(`${stem}.key`, await makePrivateKey('ECDSA-P256')),
  ],
  [
    'the kubeconfig with the key cannot be read',
    (stem) => {
      rmSync(`${stem}.key`);
      writeFileSync(stem, 'users: [');
    },
  ],
])('finds nothing if %s', async (_, spoil) => {
  const { stem, keyPem, csr } = await pair();
  await writeKeyAndCsr(stem, keyPem, csr);
  await spoil(stem);
  expect(readKeyAndCsr(stem)).toBeUndefined();
});

it('writes the key before the CSR', async () => {
  const { stem, keyPem, csr } = await pair();
  mkdirSync(`${stem}.csr`, { recursive: true }); // the CSR cannot be written
  await expect(writeKeyAndCsr(stem, keyPem, csr)).rejects.toThrow(/EISDIR|ENOTEMPTY|EEXIST/);
  expect(readFileSync(`${stem}.key`, 'utf8')).toBe(keyPem);
});
