/** A node in a rotation of `ca`, new for each test, and the phases of the rotation. */
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isSignedBy } from '../../../../client/node/trust/path.ts';
import { KUBEADM_NAMES } from '../../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../../lib/profiles/profile-for.ts';
import { certificateInPlace } from '../../../support/certificates-in-place.ts';
import {
  type Ca,
  crossOf,
  makeCa,
  named,
  RotatingNode,
  rotationOf,
  versions,
} from '../../../support/rotating-node.ts';

export const [one, two, three] = versions;
export const OF_CA = KUBEADM_NAMES.filter((name) => profileOf(name).ca === 'ca');

export let root: string;
export let node: RotatingNode;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cakeless-rotating-'));
  node = new RotatingNode(root);
});
afterEach(() => rmSync(root, { recursive: true }));

/** Names whose certificates version 2 has signed. */
export const ofTwo = () =>
  OF_CA.filter((name) =>
    isSignedBy(certificateInPlace(root, name).leaf, new X509Certificate(two.pem)),
  );

export const cross = crossOf(two, one);
export const toTrust = (more = {}) =>
  node.publish([one, two], { sequence: 1, rotation: rotationOf('trust'), ...more });
export function toIssue(sequence = 2) {
  node.publish([two, one], { sequence, rotation: rotationOf('issue') });
  node.signs = two;
  node.cross = cross;
}
export function toRetire(sequence = 3) {
  node.publish([two], { sequence, rotation: rotationOf('retire') });
  node.signs = two;
  node.cross = undefined;
}
/** What anyone can make who knows the public key: no program verifies the signature of a CA that it trusts. */
export const forged = (ca: Ca, issuer = 'kubernetes') =>
  makeCa('kubernetes', { ...three, commonName: issuer }, ca.keys).pem;
export const ended = (number: 1 | 2) => [{ ca: 'ca' as const, ...named(number) }];
export const crosses = [{ ca: 'ca' as const, cross }];

export async function upTo(phase: 'trust' | 'issue' | 'retire'): Promise<void> {
  toTrust();
  await node.renew();
  if (phase === 'trust') return;
  toIssue();
  await node.renew();
  if (phase === 'issue') return;
  toRetire();
  await node.renew();
}
