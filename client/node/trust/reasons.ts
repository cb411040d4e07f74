/**
 * Why a CA certificate is trusted: the index of this folder. Every command that takes a CA certificate, or a
 * certificate of a CA, checks it here.
 *
 * The exchange bucket is not a reason: anyone who can write to it could add a CA. It only delivers the bundle
 * (`read-bundle.ts`), which must be written so that every PEM reader sees the same certificates. Then a reason must
 * hold for each certificate of the bundle:
 *
 * | reason | `prepare` | `renew` | `kubeconfig user` |
 * | --- | --- | --- | --- |
 * | hash | `--ca-cert-hash`, `caCertHashes` | `--accept-ca-change` with `--ca-cert-hash`, for each new certificate | `--ca-cert-hash` |
 * | trust-bundle | `--trust-bundle` | | `--certificate-authority` |
 * | disk | the CA files of the node | the CA files of the node | |
 * | first-use | `--trust-on-first-use` | | neither option given |
 * | hash of a root | `--ca-cert-hash root=…` | `--accept-ca-change` with `--ca-cert-hash root=…` | |
 * | cross certificate | | in a rotation: a CA certificate of the file has certified the key (`client/node/rotation`) | |
 * | renewed | | the same key and subject, and that key has signed it, or a proof that names it: the CA files of the node, of which the bucket has a later one | |
 * | cluster | | `--trust-from-cluster`: what an API server publishes that today's CA files have verified | |
 *
 * - `first-trust.ts`: the CA files of a new node (`prepare`), judged by `pins.ts`.
 * - `ca-change.ts`: the CA files of a running node (`renew`). They stay as they are unless a change is accepted.
 * - `renewed-ca.ts`: CA certificates that were renewed with the same key (`renew`). Nobody has to accept them. What vouches
 *   for one that a CA above has issued is in `renewal-voucher.ts`.
 * - `trusted-ca.ts`: the CA certificates of a person's kubeconfig (`kubeconfig user`).
 * - `ca-chain.ts`, `chain-change.ts`: what is above a CA, in a separate file. The root needs its own reason.
 * - `above.ts`: nothing above a CA may get into a CA file.
 * - `ca-cert-hash.ts`: hashes of public keys, in kubeadm's form.
 * - `api-server.ts`: new CA certificates must still verify the API server. None of these sources has to be up to date.
 * - `signer.ts`, `check-certificate.ts`: whether a trusted CA signed a certificate, and whether the certificate is the
 *   requested one. `fetch`, `prepare` and `renew` check it before they write a certificate.
 */
export type TrustReason = 'hash' | 'trust-bundle' | 'disk' | 'first-use';

/** Hint of `prepare` if no reason holds. */
export const HOW_TO_GIVE_A_REASON =
  'give --ca-cert-hash or --trust-bundle, obtained from someone who knows the CA, or --trust-on-first-use';
