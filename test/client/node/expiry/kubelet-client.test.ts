/** A kubelet with a certificate in kubelet.conf and one in its own folder, when one of them expires. */
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { placeOf } from '../../../../client/node/disk/places.ts';
import { readPlace } from '../../../../client/node/disk/read-place.ts';
import { selectCertificates } from '../../../../client/node/disk/select-names.ts';
import { takeInventory } from '../../../../client/node/expiry/inventory.ts';
import { planChanges } from '../../../../client/node/install/plan.ts';
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
        expiresWithin: { text: `${days}d`, seconds: days * 86_400 },
        now: new Date(),
      }).present.map(({ name }) => name);
    expect([namesWithin(15), namesWithin(30)]).toEqual([[], ['kubelet.conf']]);
  },
);

describe('kubelet.conf names a pair, and kubelet-client-current.pem exists, which the kubelet loads', () => {
  /** @param conf days until the named certificate expires; own: the kubelet's own */
  function nodeWithPair(conf: number, own: number) {
    const folders = nodeOf(conf, own);
    const file = join(folders.kubeconfigDir, 'kubelet.conf');
    const named = readFileSync(file, 'utf8')
      .replace(/client-certificate-data: .*/, `client-certificate: ${file}.crt`)
      .replace(/client-key-data: .*/, `client-key: ${file}.key`);
    writeFileSync(file, named);
    return { folders, file, current: join(folders.kubeletDir, 'kubelet-client-current.pem') };
  }

  it('both are shown; the named one is never in use', () => {
    const { folders, file, current } = nodeWithPair(21, 11);
    for (const days of [5, 15]) {
      const options = { ...folders, externalEtcd: false, namesOf: () => [] };
      const { kubelet } = takeInventory({ ...options, now: inDays(days) });
      expect(kubelet).toMatchObject([
        { name: 'kubelet.conf', file: `${file}.crt`, inUse: false },
        { name: 'kubelet-client-current.pem', file: current, inUse: true },
      ]);
    }
  });

  it('a renewal replaces both, and switches the link', () => {
    const { folders, file, current } = nodeWithPair(22, 12);
    const place = readPlace(placeOf('kubelet.conf', folders));
    if (place.state !== 'present') throw new Error(place.state);
    const { changes } = planChanges({
      certificates: [{ place, chainPem: 'CERTIFICATE\n', keyPem: 'KEY\n' }],
      caFiles: new Map(),
      also: [],
      folders,
      now: new Date('2026-11-26T10:00:00Z'),
    });
    const dated = join(folders.kubeletDir, 'kubelet-client-2026-11-26-10-00-00.pem');
    expect(changes.map(({ path, content }) => [path, content.toString()])).toEqual([
      [`${file}.crt`, 'CERTIFICATE\n'],
      [`${file}.key`, 'KEY\n'],
      [dated, 'CERTIFICATE\nKEY\n'],
      [current, dated],
    ]);
  });

  it.each([
    ['names the link itself', (current: string) => current],
    [
      'names a link to the link',
      (current: string) => {
        symlinkSync(current, `${current}.link`);
        return `${current}.link`;
      },
    ],
  ])('if kubelet.conf %s, it is one certificate', (_, nameOf) => {
    const { folders, file, current } = nodeWithPair(23, 13);
    const named = nameOf(current);
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replaceAll(/\/\S+kubelet\.conf\.(crt|key)/g, named),
    );
    const place = readPlace(placeOf('kubelet.conf', folders));
    expect(place).toMatchObject({ state: 'present', certificateFile: named });
    expect(place).not.toHaveProperty('configured');
    rmSync(folders.kubeconfigDir, { recursive: true });
  });
});
