/** What the fields of the client's own files mean, for their JSON Schemas, by path. */
import { ADOPTABLE_CAS } from '../../lib/ca/trust-domain-request.ts';
import { CA_NAMES } from '../../lib/profiles/certificate-names.ts';

/** The fields of each CA that can be adopted. */
const ofEachCa = (fields: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    ADOPTABLE_CAS.flatMap((ca) =>
      Object.entries(fields).map(([field, text]) => [`cas.${ca}${field}`, text]),
    ),
  );

const place = { request: 'the request id' };

export const FILE_FIELDS = {
  cakelessYaml: {
    exchangeBucket: 'name of the exchange bucket',
    region: 'AWS region of the bucket',
    certDir: "kubeadm's folder of certificates",
    kubeconfigDir: 'folder of the kubeconfigs',
    kubeletDir: "the kubelet's --cert-dir",
    also: 'copies of kubeconfigs that are updated with them, such as /root/.kube/config',
  },
  invitation: {
    ...place,
    cakelessInvitation: 'version of the format',
    expiresAt: 'when its URLs expire, in ISO 8601 and UTC',
    trust: 'the CA certificates that the node must trust',
    ...Object.fromEntries(
      CA_NAMES.flatMap((ca) => [
        [`trust.${ca}`, 'the trust bundle of a CA'],
        [`trust.${ca}.get`, 'presigned URL of the bundle'],
        [
          `trust.${ca}.sha256`,
          'SHA-256 of each CA certificate (DER, in hex); the node accepts no other',
        ],
      ]),
    ),
    requests: 'what may be requested, and where the outcomes are',
    'requests[].path': 'path of the CSR below the request id',
    'requests[].put': 'presigned URL to upload the CSR',
    'requests[].get': 'presigned URL of the uploaded CSR',
    'requests[].certificate': 'presigned URL of the certificate',
    'requests[].rejected': 'presigned URL of the rejection',
    'requests[].pending': 'presigned URL of the pending document',
  },
  packFile: {
    ...place,
    cakelessRequest: 'version of the format',
    csrs: 'the CSRs',
    'csrs[].path': 'path of the CSR below the request id',
    'csrs[].csr': 'the file in base64',
  },
  relayFile: {
    ...place,
    cakelessOutcomes: 'version of the format',
    objects: 'objects of the exchange bucket that the node would read',
    'objects[].key': 'key of the object',
    'objects[].body': 'its content in base64',
    'objects[].metadata': 'its S3 user metadata',
  },
  adoptionFile: {
    cakelessAdoption: 'version of the format',
    trustDomain: 'the trust domain that gets the CAs',
    cas: 'the CAs that are to be adopted',
    ...ofEachCa({
      '': 'a CA',
      '.certificate': 'its certificate in PEM, as it is on the control planes',
      '.keyId': 'ARN of its KMS key',
      '.import': 'what its key is wrapped and imported with; absent if it has been imported',
      '.import.wrappingKey': 'public key of KMS: SubjectPublicKeyInfo, DER in base64',
      '.import.token': "KMS's import token in base64",
      '.import.validTo': 'until when KMS accepts the import, in ISO 8601 and UTC',
    }),
  },
  wrappedKeys: {
    cakelessWrappedKeys: 'version of the format',
    trustDomain: 'the trust domain that gets the CAs',
    cas: 'the CAs whose keys were wrapped',
    ...ofEachCa({
      '': 'a CA',
      '.wrappingKeyHash': 'SHA-256 of the wrapping key, in hex',
      '.encryptedKeyMaterial': 'its private key, encrypted for KMS, in base64',
    }),
  },
} as const satisfies Record<string, Readonly<Record<string, string>>>;
