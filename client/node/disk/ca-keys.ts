/** Private keys of CAs on a node. A cluster whose CA keys are in KMS needs none of them. */
import { existsSync } from 'node:fs';
import { CA_NAMES, type CaName } from '../../../lib/profiles/certificate-names.ts';
import { caFileOf, type NodeFolders } from './places.ts';

/** Where kubeadm keeps the key of a CA, next to its certificate: pki/ca.key, pki/etcd/ca.key, pki/front-proxy-ca.key. */
export const caKeyFileOf = (ca: CaName, folders: NodeFolders): string =>
  caFileOf(ca, folders).replace(/\.crt$/, '.key');

/** Those in their places; `findKeyCopies` (key-copies.ts) looks for others. */
export const findCaKeys = (folders: NodeFolders): string[] =>
  CA_NAMES.map((ca) => caKeyFileOf(ca, folders)).filter((file) => existsSync(file));
