/** The kubelet's serving certificate for those who compare it with CA files. */
import { certificatesIn } from '../../../lib/certificate/pem.ts';
import { readTextIfThere } from '../../read-text.ts';
import { findKubeletServing } from './kubelet-serving.ts';
import type { NodeFolders } from './places.ts';

/** The serving certificate that a CA has signed, and its intermediates, in PEM; empty if there is no such certificate. */
export function readIssuedServing({ kubeletDir }: NodeFolders): readonly string[] {
  const serving = kubeletDir === undefined ? undefined : findKubeletServing(kubeletDir);
  if (!serving?.isIssued) return [];
  try {
    return certificatesIn(readTextIfThere(serving.certificateFile) ?? '');
  } catch {
    return []; // it cannot be read
  }
}
