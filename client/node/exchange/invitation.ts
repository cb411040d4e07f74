/**
 * An invitation: presigned URLs for one request of one node, so that the node needs only HTTPS. The URLs bind cluster,
 * node, request id and paths; the service rejects another node's CSR under them.
 */
import { createHash, X509Certificate } from 'node:crypto';
import * as z from 'zod/mini';
import { certificatesIn } from '../../../lib/certificate/pem.ts';
import { CommandError } from '../../errors.ts';
import { placeFields, readCarriedFile, requestPath, subdomain } from './file-format.ts';
import type { RequestPlace } from './outcomes.ts';

const url = z
  .string()
  .check(z.refine(isSafeUrl, 'must be an https:// URL (http:// on loopback only)'));
const bundle = z.strictObject({
  get: url,
  /** SHA-256 of each CA certificate (DER, hex) that the operator saw: the node accepts no other. */
  sha256: z.array(z.string()).check(z.minLength(1)),
});

export const invitationSchema = z.strictObject({
  cakelessInvitation: z.literal(1),
  ...placeFields,
  trustDomain: subdomain,
  expiresAt: z.string(),
  /** Of the CAs that the trust domain has. */
  trust: z.strictObject({
    ca: bundle,
    'etcd-ca': z.optional(bundle),
    'front-proxy-ca': z.optional(bundle),
    'kubelet-ca': z.optional(bundle),
  }),
  requests: z.array(
    z.strictObject({
      path: requestPath,
      put: url,
      get: url,
      certificate: url,
      rejected: url,
      pending: url,
    }),
  ),
});

export type Invitation = z.infer<typeof invitationSchema>;

function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || (protocol === 'http:' && hostname === '127.0.0.1');
}

/** @throws CommandError if it is another file, or has expired */
export function readInvitation(file: string, now: Date): Invitation {
  const invitation = readCarriedFile(file, 'cakeless invite', invitationSchema);
  const { expiresAt } = invitation;
  if (new Date(expiresAt) > now) return invitation; // false for something that is not a date
  throw new CommandError(
    'denied',
    `${file}: the invitation expired at ${expiresAt}`,
    'ask the operators for a new one (cakeless invite)',
  );
}

export const placeOfInvitation = ({ cluster, node, request }: Invitation): RequestPlace => ({
  cluster,
  node,
  request,
});

/** SHA-256 of each certificate's DER, in hex. */
export function certificateHashes(pem: string): string[] {
  return certificatesIn(pem).map((block) =>
    createHash('sha256').update(new X509Certificate(block).raw).digest('hex'),
  );
}
