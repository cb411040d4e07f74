/**
 * The CA of kubelets' serving certificates: the only one that a node may lack, because kubeadm does not know it and a
 * trust domain need not have it. None of the node's certificates chains to it (decision 0048).
 */
import type { CaName } from '../../../lib/profiles/certificate-names.ts';

export const OPTIONAL_CA = 'kubelet-ca';

export const isOptional = (ca: CaName): boolean => ca === OPTIONAL_CA;
