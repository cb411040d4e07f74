/** How much is computed for one certificate: counts, which unlike times are the same everywhere. */
import { InMemoryService } from '../../support/in-memory-service.ts';
import { listKubeadmSets } from '../../support/kubeadm-sets.ts';

/** The object that the modules under test call; an import would be a copy of it. */
const crypto = jest.requireActual<typeof import('node:crypto')>('node:crypto');

afterEach(() => jest.restoreAllMocks());

it('does each part of the work for a certificate once', async () => {
  const memory = await InMemoryService.open();
  const [set] = listKubeadmSets().filter(({ config }) => config === 'v4-p256');
  const csrOf = (name: string) => set?.csrs.find(({ certificateName }) => certificateName === name);
  const [csr, other] = [csrOf('apiserver'), csrOf('apiserver-kubelet-client')];
  if (!set || !csr || !other) throw new Error('no fixture');
  const { node } = memory.declare(set);
  // what all certificates of a CA share
  await memory.process(memory.upload(node, other));
  const key = memory.upload(node, csr, 'r1');
  const upload = memory.exchange.objects.get(key);
  if (!upload) throw new Error('not uploaded');
  const body = Buffer.from(upload.body);
  memory.exchange.objects.set(key, { ...upload, body });

  const readAsText = jest.spyOn(body, 'toString');
  const made = jest.spyOn(crypto, 'createPublicKey');
  const verified = jest.spyOn(crypto, 'verify');
  const { X509Certificate } = crypto;
  const readByOpenSsl = jest
    .spyOn(crypto, 'X509Certificate')
    .mockImplementation((bytes) => new X509Certificate(bytes));
  const digested = jest.spyOn(crypto, 'hash');
  expect((await memory.process(key)).outcome).toBe('issued');

  // the possession of the key, and the CA's signature
  expect(verified).toHaveBeenCalledTimes(2);
  expect(readByOpenSsl).toHaveBeenCalledTimes(1);
  // the search for private keys, and the CSR reader
  expect(readAsText).toHaveBeenCalledTimes(2);
  expect(made).toHaveBeenCalledTimes(1);
  // the upload
  expect(digested.mock.calls.filter(([, bytes]) => bytes === body)).toHaveLength(1);
});
