/**
 * Valid requests, truncated at every byte and changed at many. Nothing throws, and a changed request that is accepted
 * means the same as the valid one, because the signature verifies. mutations.slow.test.ts changes thousands of bytes.
 */
import { readFileSync } from 'node:fs';
import { findPrivateKey } from '../../lib/csr/private-key-material.ts';
import { readRequest } from '../../lib/csr/read-request.ts';
import { listKubeadmSets } from '../support/kubeadm-sets.ts';
import {
  derOf,
  expectChangesToBeHarmless,
  meaningOf,
  numbers,
  QUICK_CHANGES,
  samples,
} from './mutations.ts';

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
    expectChangesToBeHarmless(bytes, 0, QUICK_CHANGES);
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
