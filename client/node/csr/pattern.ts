/**
 * Whether the current certificate is one that a CSR for its successor can be modeled on. Another node's certificate, or
 * a CA that was left behind, is there only by mistake.
 */
import type { X509Certificate } from 'node:crypto';
import { formatName } from '../../../lib/csr/alternative-names.ts';
import type { CertificateName } from '../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../lib/profiles/profile-for.ts';
import { contentsOf } from './csr-contents.ts';

/** kubeadm writes the node's name into each of these. */
const NAMED_AFTER_NODE: readonly CertificateName[] = ['apiserver', 'etcd-server', 'etcd-peer'];

/**
 * @param node the node's name, if it is known
 * @returns why it is not this node's certificate of that name; undefined if it may be
 */
export function whyNotOwn(
  name: CertificateName,
  leaf: X509Certificate,
  node: string | undefined,
): string | undefined {
  if (leaf.ca) return 'it is a CA';
  const { subject, names } = contentsOf(leaf).contents;
  const wanted = profileOf(name).commonName;
  if (!isCommonName(subject.commonName, wanted, node))
    return `its common name is ${subject.commonName || 'missing'}, not ${wanted.replace('{node}', node ?? '{node}')}`;
  if (node === undefined || !NAMED_AFTER_NODE.includes(name)) return undefined;
  const others = names.map(formatName);
  return others.includes(`DNS:${node}`)
    ? undefined
    : `it does not contain the name of this node, ${node}`;
}

/** @param wanted with `{node}` instead of the node's name */
export function isCommonName(got: string, wanted: string, node: string | undefined): boolean {
  const [before = '', after] = wanted.split('{node}');
  if (after === undefined) return got === wanted;
  if (node !== undefined) return got === `${before}${node}${after}`;
  return got.length > before.length + after.length && got.startsWith(before);
}
