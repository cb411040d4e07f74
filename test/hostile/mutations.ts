/** Valid requests, and what one that was changed must mean. */
import { readFileSync } from 'node:fs';
import { readRequest } from '../../lib/csr/read-request.ts';
import { kubeadmSet } from '../support/kubeadm-sets.ts';

/** Of the changes of one byte, so many are tried in the quick suite. */
export const QUICK_CHANGES = 250;

export const samples = [
  requestOf('1.37.2', 'generate-csr', 'v4-p256', 'apiserver'),
  requestOf('1.35.4', 'generate-csr', 'dual-rsa2048', 'etcd-server'),
  requestOf('1.35.4', 'generate-csr', 'v6-p384', 'kubelet.conf'),
].flatMap(({ name, pem }) => [
  { name: `${name} in PEM`, bytes: pem },
  { name: `${name} in DER`, bytes: derOf(pem) },
]);

/** Changes one byte after another, `count` times in all, and leaves out the first `from`: others have tried those. */
export function expectChangesToBeHarmless(bytes: Uint8Array, from: number, count: number): void {
  const meaning = meaningOf(bytes);
  const next = numbers(bytes.length);
  for (let i = 0; i < count; i++) {
    const changed = Uint8Array.from(bytes);
    const at = next() % changed.length;
    changed[at] = (changed[at] ?? 0) ^ (1 + (next() % 255));
    if (i < from) continue;
    const { request, violations } = readRequest(changed);
    expect(violations.length > 0).toBe(request === undefined);
    if (request) expect(meaningOf(changed)).toEqual(meaning);
  }
}

function requestOf(...[version, layout, config, certificate]: [...KubeadmSetName, string]) {
  const request = kubeadmSet(version, layout, config).csrs.find(
    ({ certificateName }) => certificateName === certificate,
  );
  if (!request) throw new Error(`no request for ${certificate}`);
  return { name: `${certificate} of ${version} ${config}`, pem: readFileSync(request.file) };
}

type KubeadmSetName = Parameters<typeof kubeadmSet>;

export function derOf(pem: Buffer): Buffer {
  return Buffer.from(pem.toString('latin1').replace(/-----[^-]+-----|\s/g, ''), 'base64');
}

export function meaningOf(bytes: Uint8Array) {
  const { request } = readRequest(bytes);
  const { subject, names, key } = request ?? {};
  return { subject, names, key: key && Buffer.from(key.spki).toString('hex') };
}

/** The same pseudo-random numbers in every run (Numerical Recipes' generator; its high bits). */
export function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 8;
  };
}
