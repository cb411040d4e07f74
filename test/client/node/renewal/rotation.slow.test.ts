/** A node follows a rotation of `ca` by its timer alone: the longer courses, and more lies of the bucket. */
import { X509Certificate } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { exitCodeOf } from '../../../../client/commands/renew.ts';
import { rollBack } from '../../../../client/node/rollback/rollback.ts';
import { certificateInPlace } from '../../../support/certificates-in-place.ts';
import { crossOf, NOW, RotatingNode, rotationOf } from '../../../support/rotating-node.ts';
import {
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
  two,
  upTo,
} from './rotation.ts';

describe('issue', () => {
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

  it('does not bring back another certificate with the key of the old CA', async () => {
    await upTo('retire');
    const published = [two, { ...one, pem: forged(one, 'other') }];
    node.publish(published, { sequence: 4, rotation: rotationOf('issue') });
    await node.renew();
    expect(node.trusted().file).toBe('2');
    toIssue(5);
    await node.renew();
    expect(node.trusted().file).toBe('2,1');
  });

  it('a replayed rotation.json changes nothing, and the exit code tells', async () => {
    await upTo('retire');
    toIssue(2);
    const report = await node.renew();
    expect([node.trusted().file, exitCodeOf(report)]).toEqual(['2', 7]);
    expect(report.notes.join()).toMatch(
      /publishes change 2 of its rotations, but this node has seen change 3/,
    );
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

describe('a node that missed the whole rotation', () => {
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
});
