/** A node follows a rotation of `ca` by its timer alone, whatever the bucket says. */
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe as describeReport, exitCodeOf } from '../../../../client/commands/renew.ts';
import { caFileOf } from '../../../../client/node/disk/places.ts';
import { previewRenewal } from '../../../../client/node/renewal/preview.ts';
import { rollBack } from '../../../../client/node/rollback/rollback.ts';
import { caHashesOf, formatCaCertHash } from '../../../../client/node/trust/ca-cert-hash.ts';
import { isSignedBy } from '../../../../client/node/trust/path.ts';
import { certificatesIn } from '../../../../lib/certificate/pem.ts';
import { type CertificateName, KUBEADM_NAMES } from '../../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../../lib/profiles/profile-for.ts';
import { certificateInPlace } from '../../../support/certificates-in-place.ts';
import { renewalOptions } from '../../../support/renewal.ts';
import {
  crossOf,
  NOW,
  named,
  RotatingNode,
  renewedCa,
  rotationOf,
  versions,
} from '../../../support/rotating-node.ts';

const [one, two, three] = versions;
const OF_CA = KUBEADM_NAMES.filter((name) => profileOf(name).ca === 'ca');

let root: string;
let node: RotatingNode;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cakeless-rotating-'));
  node = new RotatingNode(root);
});
afterEach(() => rmSync(root, { recursive: true }));

/** Names whose certificates version 2 has signed. */
const ofTwo = () =>
  OF_CA.filter((name) =>
    isSignedBy(certificateInPlace(root, name).leaf, new X509Certificate(two.pem)),
  );

const cross = crossOf(two, one);
const toTrust = (more = {}) =>
  node.publish([one, two], { sequence: 1, rotation: rotationOf('trust'), ...more });
function toIssue(sequence = 2) {
  node.publish([two, one], { sequence, rotation: rotationOf('issue') });
  node.signs = two;
  node.cross = cross;
}
function toRetire(sequence = 3) {
  node.publish([two], { sequence, rotation: rotationOf('retire') });
  node.signs = two;
  node.cross = undefined;
}
const ended = (number: 1 | 2) => [{ ca: 'ca' as const, ...named(number) }];
const crosses = [{ ca: 'ca' as const, cross }];

async function upTo(phase: 'trust' | 'issue' | 'retire'): Promise<void> {
  toTrust();
  await node.renew();
  if (phase === 'trust') return;
  toIssue();
  await node.renew();
  if (phase === 'issue') return;
  toRetire();
  await node.renew();
}

describe('trust', () => {
  it('brings the new CA into ca.crt and every kubeconfig without a person and without a certificate', async () => {
    toTrust();
    const report = await node.renew();
    expect([node.trusted(), node.requests(), exitCodeOf(report)]).toEqual([
      { file: '1,2', kubeconfigs: {} },
      [],
      0,
    ]);
    expect(describeReport(report)).toContain(
      'rotation: ca is rotated, in phase trust, and this node has done what it asks for',
    );
    const calls = node.store.calls.length;
    const again = await node.renew();
    expect([again.backup, node.store.calls.length - calls]).toEqual([undefined, 0]);
  });

  it.each([
    ['there is no cross certificate', { cross: undefined }, /publishes no cross certificate/],
    ['another CA has signed it', { cross: crossOf(two, three) }, /no certificate .* has signed/],
    ['it is for another key', { cross: crossOf(three, one) }, /not for the key of the new CA/],
    ['the old key may be in other hands', { compromised: true }, /may be in other hands/],
  ])('changes nothing if %s, and a hash takes the new CA', async (_, more, why) => {
    toTrust({ rotation: rotationOf('trust', more) });
    const report = await node.renew();
    expect([node.trusted().file, exitCodeOf(report), report.rotation?.refused]).toEqual([
      '1',
      7,
      [expect.stringMatching(why)],
    ]);
    expect(report.rotation?.refused.join()).toContain(formatCaCertHash('ca', two.pem));
    const hashes = caHashesOf([formatCaCertHash('ca', two.pem)]);
    const taken = await node.renew({ caChange: { accept: true, hashes } });
    expect([node.trusted(), exitCodeOf(taken)]).toEqual([{ file: '1,2', kubeconfigs: {} }, 0]);
  });

  it('a bundle without the new CA is said, and changes nothing', async () => {
    node.publish([one], { sequence: 1, rotation: rotationOf('trust') });
    const report = await node.renew();
    expect([node.trusted().file, report.rotation?.refused]).toEqual([
      '1',
      [expect.stringMatching(/the bundle of ca does not have it/)],
    ]);
  });

  it('a dry run says what would change, and writes nothing', async () => {
    toTrust();
    const options = renewalOptions({ node: 'cp-1' }, ['all'], {
      ...{ cluster: 'prod', expiresWithin: { text: '1d', seconds: 86_400 } },
      trustDomain: 'fleet',
    });
    const preview = await previewRenewal(node.deps(), options);
    expect(preview.rotation).toMatchObject({ phase: 'trust', refused: [] });
    expect(preview.caChange?.differences).toEqual([
      expect.stringMatching(/ca\.crt would get CN=k/),
    ]);
    expect([node.trusted().file, node.installations()]).toEqual(['1', false]);
  });
});

describe('issue', () => {
  it('replaces every certificate of the CA, with the cross certificate, and then ca.crt begins with the new one', async () => {
    await upTo('trust');
    toIssue();
    const before = readFileSync(join(root, 'pki/etcd/server.crt'), 'utf8');
    const report = await node.renew();
    expect([ofTwo(), node.trusted(), exitCodeOf(report)]).toEqual([
      OF_CA,
      { file: '2,1', kubeconfigs: {} },
      0,
    ]);
    expect(certificatesIn(readFileSync(join(root, 'pki/apiserver.crt'), 'utf8'))).toHaveLength(2);
    expect(readFileSync(join(root, 'pki/etcd/server.crt'), 'utf8')).toBe(before);
    expect(new Set(node.requests().map((key) => key.split('/')[3])).size).toBe(1);
    expect((await node.renew()).certificates.some(({ outcome }) => outcome === 'renewed')).toBe(
      false,
    );
  });

  it('does not wait for one that is not approved: ca.crt begins as before, and the report names it', async () => {
    await upTo('trust');
    node.silent.add('super-admin.conf');
    toIssue();
    const report = await node.renew();
    expect([ofTwo(), node.trusted().file]).toEqual([
      OF_CA.filter((name) => name !== 'super-admin.conf'),
      '1,2',
    ]);
    expect(report.rotation?.left).toEqual([expect.stringMatching(/^super-admin\.conf is still/)]);
  });

  it('a node that slept through trust does both in one run', async () => {
    toIssue();
    await node.renew();
    expect([ofTwo(), node.trusted()]).toEqual([OF_CA, { file: '2,1', kubeconfigs: {} }]);
  });

  it('that is forged asks for nothing, because nothing vouches for its CA', async () => {
    const forged = { to: named(3), cross: crossOf(three, two) };
    node.publish([three, one], { sequence: 9, rotation: rotationOf('issue', forged) });
    const report = await node.renew();
    expect([node.trusted().file, node.requests(), exitCodeOf(report)]).toEqual(['1', [], 7]);
  });

  it('that is forged during trust asks once a day at most', async () => {
    await upTo('trust');
    node.publish([two, one], { sequence: 9, rotation: rotationOf('issue') });
    node.now = new Date(NOW.getTime() + 3_600_000);
    await node.renew();
    const asked = node.requests().length;
    await node.renew();
    expect([asked, node.requests().length]).toEqual([OF_CA.length, asked]);
    node.now = new Date(NOW.getTime() + 30 * 3_600_000);
    await node.renew();
    expect(node.requests()).toHaveLength(2 * asked);
  });
});

describe('retire', () => {
  it('drops the old CA from ca.crt and every kubeconfig, and says so', async () => {
    await upTo('issue');
    toRetire();
    const report = await node.renew();
    expect([node.trusted(), exitCodeOf(report)]).toEqual([{ file: '2', kubeconfigs: {} }, 0]);
    expect(report.caDifferences).toEqual([expect.stringMatching(/ca\.crt lost CN=kubernetes/)]);
  });

  it('keeps it for a certificate that is still of the old one, and names that', async () => {
    await upTo('trust');
    node.silent.add('super-admin.conf').add('scheduler.conf');
    toRetire();
    const report = await node.renew();
    expect([node.trusted(), exitCodeOf(report)]).toEqual([{ file: '1,2', kubeconfigs: {} }, 7]);
    expect(report.rotation?.refused).toEqual([
      expect.stringMatching(
        /ca\.crt keeps .*: super-admin\.conf, scheduler\.conf would no longer be trusted/,
      ),
    ]);
  });

  it('keeps it for what a component still serves', async () => {
    await upTo('issue');
    const { leaf } = certificateInPlace(root, 'apiserver');
    const old = new X509Certificate(readFileSync(join(root, 'pki/ca.crt')));
    expect(old.fingerprint256).not.toBe(leaf.fingerprint256);
    const other = new RotatingNode(join(root, 'other'));
    const { leaf: served } = certificateInPlace(other.folder, 'apiserver');
    node.more = { served: async () => [{ component: 'kube-apiserver', leaf: served }] };
    toRetire();
    const report = await node.renew();
    expect([node.trusted().file, report.rotation?.refused]).toEqual([
      '2,1',
      [expect.stringMatching(/what kube-apiserver serves would no longer be trusted/)],
    ]);
  });

  it('keeps it while the API server is verified with it only', async () => {
    await upTo('issue');
    node.more = {
      reach: async (ca) => {
        if (!ca.includes(one.pem)) throw new Error('self-signed certificate in chain');
      },
    };
    toRetire();
    const report = await node.renew();
    expect([node.trusted().file, report.rotation?.refused]).toEqual([
      '2,1',
      [expect.stringMatching(/no longer verify the API server: self-signed/)],
    ]);
  });

  it('of a compromised CA does not wait for a certificate that only a person uses', async () => {
    await upTo('trust');
    node.silent.add('super-admin.conf');
    node.signs = two;
    node.publish([two], { sequence: 3, rotation: rotationOf('retire', { compromised: true }) });
    const report = await node.renew();
    expect([node.trusted(), report.rotation?.refused]).toEqual([
      { file: '2', kubeconfigs: {} },
      [],
    ]);
  });

  it.each<[string, () => void]>([
    ['that says so', () => node.publish([two], { sequence: 9, rotation: rotationOf('retire') })],
    [
      'that says that the CA in use has ended',
      () => node.publish([two], { sequence: 9, ended: ended(1), crosses }),
    ],
    ['that publishes a foreign CA', () => node.publish([three], { sequence: 9, ended: ended(1) })],
    [
      'that calls it compromised',
      () =>
        node.publish([two], { sequence: 9, rotation: rotationOf('retire', { compromised: true }) }),
    ],
  ])(
    'of a bucket %s, while the service signs with the old CA, takes no CA that is needed',
    async (_, lie) => {
      await upTo('trust');
      lie();
      const report = await node.renew();
      expect([node.trusted().file, exitCodeOf(report)]).toEqual(['1,2', 7]);
    },
  );
});

describe('a certificate that is renewed with its key while its CA is rotated', () => {
  const [newOne, newTwo] = [renewedCa(one), renewedCa(two)];
  const caFile = () => readFileSync(caFileOf('ca', node.folders), 'utf8');

  it.each([
    ['the old one, as the rotation starts', undefined, [newOne, two], 'trust', [newOne, two]],
    ['both, as the rotation starts', undefined, [newOne, newTwo], 'trust', [newOne, newTwo]],
    ['both, as issue begins', 'trust', [newTwo, newOne], 'issue', [newTwo, newOne]],
    ['the new one, as the old one is dropped', 'issue', [newTwo], 'retire', [newTwo]],
  ] as const)('%s, takes the place of the one before', async (_, before, bundle, phase, after) => {
    if (before) await upTo(before);
    node.publish(bundle, { sequence: 7, rotation: rotationOf(phase) });
    node.signs = phase === 'trust' ? one : two;
    node.cross = phase === 'issue' ? cross : undefined;
    const report = await node.renew();
    expect([caFile(), exitCodeOf(report)]).toEqual([after.map(({ pem }) => pem).join(''), 0]);
    expect((await node.renew()).backup).toBeUndefined();
    expect(caFile()).toBe(after.map(({ pem }) => pem).join(''));
  });

  it('does not come back as another CA after its own was dropped', async () => {
    await upTo('retire');
    node.publish([two, newOne], { sequence: 7, rotation: rotationOf('retire') });
    await node.renew();
    expect(caFile()).toBe(two.pem);
  });
});

describe('a rotation that goes back', () => {
  it('from retire brings the old CA back, from issue its certificates, and the end drops the new one', async () => {
    await upTo('retire');
    expect(node.trusted().file).toBe('2');
    toIssue(4);
    await node.renew();
    expect(node.trusted()).toEqual({ file: '2,1', kubeconfigs: {} });
    node.publish([one, two], { sequence: 5, rotation: rotationOf('trust') });
    node.signs = one;
    node.cross = undefined;
    await node.renew();
    expect([ofTwo(), node.trusted()]).toEqual([[], { file: '1,2', kubeconfigs: {} }]);
    node.publish([one], { sequence: 6, ended: ended(2) });
    const report = await node.renew();
    expect([node.trusted(), exitCodeOf(report)]).toEqual([{ file: '1', kubeconfigs: {} }, 0]);
  });

  it.each<[string, Parameters<typeof rotationOf>[1]]>([
    ['a node that has not dropped it itself', {}],
    ['after a compromise', { compromised: true }],
  ])('does not bring the old CA back: %s', async (what, more) => {
    await upTo('retire');
    if (what.startsWith('a node')) rmSync(join(root, 'cakeless/rotation.json'));
    node.publish([two, one], { sequence: 4, rotation: rotationOf('issue', more) });
    await node.renew();
    node.publish([two, one], { sequence: 5, rotation: rotationOf('issue') });
    await node.renew();
    expect(node.trusted().file).toBe('2');
  });

  it('a replayed rotation.json changes nothing, and the exit code tells', async () => {
    await upTo('retire');
    toIssue(2);
    const report = await node.renew();
    expect([node.trusted().file, exitCodeOf(report)]).toEqual(['2', 7]);
    expect(report.notes.join()).toMatch(/has number 2, but this node has seen number 3/);
  });

  it('no rollback brings a retired CA back, unless it is forced', async () => {
    await upTo('retire');
    const options = { id: undefined, restart: false };
    await expect(rollBack(node.deps(), { ...options, force: false })).rejects.toThrow(
      /ca\.crt: would get CN=kubernetes .* back, which a rotation of trust domain fleet has retired/,
    );
    expect(node.trusted().file).toBe('2');
    await rollBack(node.deps(), { ...options, force: true });
    expect(node.trusted().file).toBe('2,1');
  });
});

describe('a node that slept through the whole rotation', () => {
  it('comes back with one run', async () => {
    node.signs = two;
    node.publish([two], { sequence: 4, ended: ended(1), crosses });
    const report = await node.renew();
    expect([ofTwo(), node.trusted(), exitCodeOf(report)]).toEqual([
      OF_CA,
      { file: '2', kubeconfigs: {} },
      0,
    ]);
  });

  it('comes back after two rotations', async () => {
    node.signs = three;
    node.publish([three], {
      sequence: 8,
      ended: [...ended(1), ...ended(2)],
      crosses: [{ ca: 'ca', cross: crossOf(three, two) }, ...crosses],
    });
    await node.renew();
    expect(node.trusted()).toEqual({ file: '3', kubeconfigs: {} });
  });

  it('needs a person if nothing vouches for the new CA', async () => {
    node.signs = two;
    node.publish([two], { sequence: 4, ended: ended(1) });
    const report = await node.renew();
    expect([node.trusted().file, node.requests(), exitCodeOf(report)]).toEqual(['1', [], 7]);
  });
});

it('a trust domain that was never rotated is renewed as before', async () => {
  const names: CertificateName[] = ['apiserver'];
  const report = await node.renew({ names, expiresWithin: undefined });
  expect([report.rotation, report.certificates.map(({ outcome }) => outcome)]).toEqual([
    undefined,
    ['renewed'],
  ]);
});
