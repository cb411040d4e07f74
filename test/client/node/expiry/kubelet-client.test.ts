/** A kubelet with a certificate in kubelet.conf and one in its own folder, when one of them expires. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { selectCertificates } from '../../../../client/node/disk/select-names.ts';
import { takeInventory } from '../../../../client/node/expiry/inventory.ts';
import { readKubeletConf, writeKubeletStore } from '../../../support/kubelet-store.ts';
import { LEAVES, OpensslNode } from '../../../support/openssl-node.ts';

const root = mkdtempSync(join(tmpdir(), 'cakeless-kubelet-'));
afterAll(() => rmSync(root, { recursive: true }));

const DAY = 86_400_000;
const inDays = (days: number) => new Date(Date.now() + days * DAY);

/** @param conf days until the certificate in kubelet.conf expires; own: the kubelet's own */
function nodeOf(conf: number, own: number) {
  const folder = join(root, `${conf}-${own}`);
  const leaf = LEAVES.find(({ path }) => path === 'kubelet.conf');
  if (!leaf) throw new Error('no kubelet.conf');
  const node = new OpensslNode(folder).make([{ ...leaf, days: own }]);
  const kubeletDir = join(folder, 'kubelet');
  writeKubeletStore(kubeletDir, readKubeletConf(folder).pem);
  node.makeLeaf({ ...leaf, days: conf });
  return { kubeconfigDir: folder, certDir: join(folder, 'pki'), kubeletDir };
}

it.each([
  ['uses its own certificate while it is valid', 5, true],
  ['falls back to kubelet.conf when its own certificate has expired', 15, false],
])('%s', (_, days, isOwnInUse) => {
  const folders = nodeOf(20, 10);
  const { kubelet } = takeInventory({
    ...folders,
    externalEtcd: false,
    namesOf: () => [],
    now: inDays(days),
  });
  expect(kubelet).toMatchObject([
    { name: 'kubelet.conf', file: join(folders.kubeconfigDir, 'kubelet.conf'), inUse: !isOwnInUse },
    {
      name: 'kubelet-client-current.pem',
      file: join(folders.kubeletDir, 'kubelet-client-current.pem'),
      inUse: isOwnInUse,
    },
  ]);
  const isReported = kubelet[0]?.problems.some((problem) =>
    /the kubelet uses .* instead/.test(problem),
  );
  expect(isReported).toBe(isOwnInUse);
  rmSync(folders.kubeconfigDir, { recursive: true });
});

it.each([
  [20, 90],
  [90, 20],
])(
  'kubelet.conf expires in %d days and its own certificate in %d: the earlier date counts',
  (conf, own) => {
    const folders = nodeOf(conf, own);
    const namesWithin = (days: number) =>
      selectCertificates(folders, {
        names: ['all'],
        expiresWithinSeconds: days * 86_400,
        now: new Date(),
      }).present.map(({ name }) => name);
    expect([namesWithin(15), namesWithin(30)]).toEqual([[], ['kubelet.conf']]);
  },
);
