/**
 * Files of the corpus that the CSR reader accepts, with the reason: each is a valid request with a good key, and has only
 * CN and DNS names. Policy, not the reader, judges what they request, and refuses all of them.
 */
export const ACCEPTED_BY_READER: Record<string, string> = {
  'letsencrypt+boulder/ca_testdata_cn_and_san.der.csr': 'RSA-2048, CN and two DNS names',
  'smallstep+certificates@v0.30.2/authority_provisioner_testdata_certs_ecdsa.csr':
    'P-256, CN and one DNS name of a single label',
  'smallstep+certificates@v0.30.2/authority_provisioner_testdata_certs_rsa.csr':
    'RSA-2048, CN and one DNS name of a single label',
  'smallstep+certificates@v0.30.2/authority_testdata_certs_foo.csr': 'P-256, CN and one DNS name',
  'smallstep+certificates@v0.30.2/ca_client_test.go.0.pem': 'RSA-4096, CN without names',
  'smallstep+certificates@v0.30.2/cas_cloudcas_cloudcas_test.go.0.pem':
    'P-256, CN without names; only its CN mentions a CA',
  'smallstep+crypto/pemutil_testdata_test.csr': 'P-256, CN without names',
};
