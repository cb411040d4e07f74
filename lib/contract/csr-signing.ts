/**
 * `csrSigning` of a cluster record: which CertificateSigningRequests of the cluster are signed. Without it, no request
 * is accepted. The words are kube-controller-manager's (its CSRSigningController).
 */
import * as z from 'zod/mini';
import { duration, principals, role } from './record-texts.ts';

/** The API server refuses a shorter `expirationSeconds`. */
export const MIN_CSR_SECONDS = 600;

/** Roles of the nodes whose kubelets get a certificate. @default both */
const roles = z.optional(z.array(role).check(z.minLength(1, 'must contain at least one role')));

export const csrSigning = z.strictObject({
  /** Principals that may upload below `csr/`. @default any principal that IAM allows */
  uploaders: principals,
  /** The longest validity. @default certificateValidityPeriod */
  clusterSigningDuration: z.optional(
    duration(
      'a duration of at least 10m, such as 8760h0m0s',
      (seconds) => seconds >= MIN_CSR_SECONDS,
    ),
  ),
  /** `kubernetes.io/kube-apiserver-client-kubelet` */
  kubeletClient: z.optional(z.strictObject({ roles })),
  /** `kubernetes.io/kubelet-serving` */
  kubeletServing: z.optional(
    z.strictObject({
      roles,
      /**
       * Whether `ca` signs in a trust domain that has no `kubelet-ca`, even for nodes that match a rule and in a shared
       * trust domain. A wrong name then makes an API server.
       */
      dangerouslySignByCA: z.optional(z.boolean()),
    }),
  ),
  /** `kubernetes.io/kube-apiserver-client`, by the rule in `users` */
  kubeAPIServerClient: z.optional(z.strictObject({})),
});
