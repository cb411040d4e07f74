/**
 * Valid requests, truncated at every byte and changed at many. Nothing throws, and a changed request that is accepted
 * means the same as the valid one, because the signature verifies.
 */
import { readFileSync } from 'node:fs';
import { findPrivateKey } from '../../lib/csr/private-key-material.ts';
import { readRequest } from '../../lib/csr/read-request.ts';
import { kubeadmSet, listKubeadmSets } from '../support/kubeadm-sets.ts';

const FLIPS = 3000;

const samples = [
  requestOf('1.37.2', 'generate-csr', 'v4-p256', 'apiserver'),
  requestOf('1.35.4', 'generate-csr', 'dual-rsa2048', 'etcd-server'),
  requestOf('1.35.4', 'generate-csr', 'v6-p384', 'kubelet.conf'),
].flatMap(({ name, pem }) => [
  { name: `${name} in PEM`, bytes: pem },
  { name: `${name} in DER`, bytes: derOf(pem) },
]);

describe.each(samples)('$name', ({ bytes }) => {
  it('is accepted unchanged', () => {
    expect(readRequest(bytes).violations).toEqual([]);
  });

  it('is refused when it is truncated', () => {
    const accepted = Array.from(bytes.keys()).filter(
      (length) => readRequest(bytes.subarray(0, length)).request !== undefined,
    );
    // PEM without the final newline is accepted
    expect(accepted).toEqual(bytes.at(-1) === 0x0a ? [bytes.length - 1] : []);
  });

  it('is refused or means the same when one byte is changed', () => {
    const meaning = meaningOf(bytes);
    const next = numbers(bytes.length);
    for (let i = 0; i < FLIPS; i++) {
      const changed = Uint8Array.from(bytes);
      const at = next() % changed.length;
      changed[at] = (changed[at] ?? 0) ^ (1 + (next() % 255));
      const { request, violations } = readRequest(changed);
      expect(violations.length > 0).toBe(request === undefined);
      if (request) expect(meaningOf(changed)).toEqual(meaning);
    }
  });

  it('means the same or is refused when a byte is removed or repeated', () => {
    for (let at = 0; at < bytes.length; at += 3) {
      const [before, after] = [bytes.subarray(0, at), bytes.subarray(at + 1)];
      const twice = [before, bytes.subarray(at, at + 1), bytes.subarray(at)];
      for (const changed of [Buffer.concat([before, after]), Buffer.concat(twice)])
        if (readRequest(changed).request) expect(meaningOf(changed)).toEqual(meaningOf(bytes));
    }
  });
});

it('no request of kubeadm looks like a private key, in PEM or in DER', () => {
  for (const { file } of listKubeadmSets().flatMap((set) => set.csrs)) {
    const pem = readFileSync(file);
    expect([findPrivateKey(pem), findPrivateKey(derOf(pem))]).toEqual([undefined, undefined]);
  }
});

it('random bytes are refused, and never throw', () => {
  const next = numbers(1);
  for (let i = 0; i < 500; i++) {
    const bytes = Uint8Array.from({ length: next() % 300 }, () => next() & 0xff);
    bytes[0] = 0x30;
    expect(readRequest(bytes).violations).not.toEqual([]);
  }
});

function requestOf(...[version, layout, config, certificate]: [...KubeadmSetName, string]) {
  const request = kubeadmSet(version, layout, config).csrs.find(
    ({ certificateName }) => certificateName === certificate,
  );
  if (!request) throw new Error(`no request for ${certificate}`);
  return { name: `${certificate} of ${version} ${config}`, pem: readFileSync(request.file) };
}

type KubeadmSetName = Parameters<typeof kubeadmSet>;

function derOf(pem: Buffer): Buffer {
  return Buffer.from(pem.toString('latin1').replace(/-----[^-]+-----|\s/g, ''), 'base64');
}

function meaningOf(bytes: Uint8Array) {
  const { request } = readRequest(bytes);
  const { subject, names, key } = request ?? {};
  return { subject, names, key: key && Buffer.from(key.spki).toString('hex') };
}

/** The same pseudo-random numbers in every run (Numerical Recipes' generator; its high bits). */
function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 8;
  };
}
