/** What the suites about the first trust of a node share. */
import { execFileSync } from 'node:child_process';
import type { ObjectStore } from '../../../../lib/store/object-store.ts';
import { bound, type Fleet } from '../../../support/fleet.ts';

export const BUNDLES = ['ca.crt', 'etcd/ca.crt', 'front-proxy-ca.crt'];

export const KUBELET_CA = 'pki/kubelet-ca.crt';

/** What vouches for the CAs of the service of a file of tests, and what a bucket could contain in their place. */
export function firstTrustOf(fleet: Fleet) {
  let calculated: Promise<Record<string, string>> | undefined;
  const hashes = () => {
    calculated ??= calculateHashes();
    return calculated;
  };
  const calculateHashes = async () => {
    const out: Record<string, string> = {};
    for (const path of BUNDLES) {
      const pem = (await fleet.service.text('exchange', `trust/fleet/${path}`)) ?? '';
      // as in kubeadm's documentation, to check our own calculation
      const spki = execFileSync('openssl', ['x509', '-pubkey', '-noout'], { input: pem });
      const der = execFileSync('openssl', ['pkey', '-pubin', '-outform', 'der'], { input: spki });
      const [hash = ''] = execFileSync('openssl', ['dgst', '-sha256', '-r'], { input: der })
        .toString()
        .split(' ');
      out[path] = `sha256:${hash}`;
    }
    return out;
  };
  const noTrust = { trustOnFirstUse: false };

  /** The bucket has etcd's CA as ca.crt, and the other way round. */
  const swapped = (exchange: ObjectStore): ObjectStore => ({
    ...bound(exchange),
    get: (key, max) => {
      const [, domain, path] = /^(trust\/fleet\/)(ca.crt|etcd\/ca.crt)$/.exec(key) ?? [];
      const other = path === 'ca.crt' ? 'etcd/ca.crt' : 'ca.crt';
      return exchange.get(domain === undefined ? key : domain + other, max);
    },
  });

  const published = async () =>
    (await fleet.service.text('exchange', 'trust/fleet/kubelet-ca.crt')) ?? '';
  const ofOthers = async () => {
    const known = await hashes();
    return [
      known['ca.crt'] ?? '',
      `etcd-ca=${known['etcd/ca.crt']}`,
      `front-proxy-ca=${known['front-proxy-ca.crt']}`,
    ];
  };
  /** The bucket has another text as the bundle; undefined: none. */
  const publishing =
    (text: (exchange: ObjectStore) => Promise<string | undefined>) =>
    (exchange: ObjectStore): ObjectStore => ({
      ...bound(exchange),
      get: async (key, max) => {
        if (key !== 'trust/fleet/kubelet-ca.crt') return exchange.get(key, max);
        const [found, other] = [await exchange.get(key, max), await text(exchange)];
        return found && other !== undefined
          ? { ...found, body: Buffer.from(other), size: other.length }
          : undefined;
      },
    });

  return { hashes, noTrust, swapped, published, ofOthers, publishing };
}
