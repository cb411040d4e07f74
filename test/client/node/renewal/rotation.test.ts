/** A node follows a rotation of `ca` by its timer alone, whatever the bucket says. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe as describeReport, exitCodeOf } from '../../../../client/commands/renew.ts';
import { caFileOf } from '../../../../client/node/disk/places.ts';
import { previewRenewal } from '../../../../client/node/renewal/preview.ts';
import { caHashesOf, formatCaCertHash } from '../../../../client/node/trust/ca-cert-hash.ts';
import { certificatesIn } from '../../../../lib/certificate/pem.ts';
import type { CertificateName } from '../../../../lib/profiles/certificate-names.ts';
import { renewalOptions } from '../../../support/renewal.ts';
import { crossOf, named, renewedCa, rotationOf } from '../../../support/rotating-node.ts';
import {
  cross,
  crosses,
  ended,
  forged,
  node,
  OF_CA,
  ofTwo,
  one,
  root,
  three,
  toIssue,
  toRetire,
  toTrust,
  two,
  upTo,
} from './rotation.ts';

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
    ['the old key may have been stolen', { compromised: true }, /may have been stolen/],
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

  it.each([
    ['in its own name', forged(two), /contains a certificate that its own key has not signed/],
    ['in the name of another CA', forged(two, 'other'), /its own key has not signed it/],
  ])(
    'a certificate with the key of the new CA that this has not signed, %s, is not taken',
    async (_, pem, why) => {
      node.publish([one, { ...two, pem }], { sequence: 1, rotation: rotationOf('trust') });
      const report = await node.renew();
      expect([node.trusted().file, report.rotation?.refused]).toEqual([
        '1',
        [expect.stringMatching(why)],
      ]);
    },
  );

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

  it('a node that missed phase trust does both in one run', async () => {
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
