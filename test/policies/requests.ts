/** Requests in the terms of the table: `exchange/requests/a/…`, `key of ca`. */
import type { Asked } from './evaluate.ts';
import { ACCOUNT, type Policies } from './template.ts';

/** The usual context of a request; a row of the table can change it. */
const USUAL: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  's3:PutObject': { 's3:if-none-match': '*' },
  'kms:Sign': { 'kms:MessageType': 'DIGEST', 'kms:SigningAlgorithm': 'ECDSA_SHA_256' },
  'kms:GetParametersForImport': { 'kms:WrappingAlgorithm': 'RSA_AES_KEY_WRAP_SHA_256' },
  'kms:ImportKeyMaterial': { 'kms:ExpirationModel': 'KEY_MATERIAL_DOES_NOT_EXPIRE' },
};

/** Variants of the usual context, by name; null removes a usual key. */
const VARIANTS: Readonly<Record<string, Readonly<Record<string, string | null>>>> = {
  'over plain HTTP': { 'aws:SecureTransport': 'false' },
  'over TLS 1.1': { 's3:TlsVersion': '1.1' },
  'without a condition': { 's3:if-none-match': null },
  'with If-Match': { 's3:if-none-match': null, 's3:if-match': 'etag' },
  'in STANDARD': { 's3:x-amz-storage-class': 'STANDARD' },
  'in DEEP_ARCHIVE': { 's3:x-amz-storage-class': 'DEEP_ARCHIVE' },
  'with SSE-S3': { 's3:x-amz-server-side-encryption': 'AES256' },
  'with SSE-KMS': { 's3:x-amz-server-side-encryption': 'aws:kms' },
  'with a KMS key': { 's3:x-amz-server-side-encryption-aws-kms-key-id': 'key' },
  'with SSE-C': { 's3:x-amz-server-side-encryption-customer-algorithm': 'AES256' },
  'of a raw message': { 'kms:MessageType': 'RAW' },
  'with ECDSA_SHA_384': { 'kms:SigningAlgorithm': 'ECDSA_SHA_384' },
  'with RSASSA_PKCS1_V1_5_SHA_256': { 'kms:SigningAlgorithm': 'RSASSA_PKCS1_V1_5_SHA_256' },
  'with RSAES_OAEP_SHA_256': { 'kms:WrappingAlgorithm': 'RSAES_OAEP_SHA_256' },
  'without a wrapping algorithm': { 'kms:WrappingAlgorithm': null },
  'of material that expires': { 'kms:ExpirationModel': 'KEY_MATERIAL_EXPIRES' },
  'without an expiration model': { 'kms:ExpirationModel': null },
};

/** Beginnings of the logical ids of keys. `existing` is a trust domain whose CAs are imported, except `kubelet-ca`. */
const KEYS: Readonly<Record<string, string>> = {
  'key of ca': 'TrustDomainprodKeysca',
  'imported key': 'TrustDomainexistingKeysca',
  'made key beside it': 'TrustDomainexistingKeyskubeletca',
};

export type Variant = keyof typeof VARIANTS;

export function requestsOf(policies: Policies) {
  const exchange = policies.bucket('ServiceExchange');
  const authority = policies.bucket('ServiceAuthority');
  const queue = policies.queue('ServiceQueueRequests');
  const uploads = policies.queue('ServiceQueueUploads');
  const deadLetters = policies.queue('ServiceQueueDeadLetters');
  const resources: Record<string, { arn: string; policy?: Asked['resourcePolicy'] }> = {
    queue,
    uploads,
    'dead letters': deadLetters,
    ...Object.fromEntries(Object.entries(KEYS).map(([name, id]) => [name, policies.key(id)])),
    'function triage': { arn: policies.functionArn('ServiceTriageFunction') },
    'function sign': { arn: policies.functionArn('ServiceSignFunction') },
    'function create-ca': { arn: policies.functionArn('ServiceCreateCaFunction') },
    'function reconcile': { arn: policies.functionArn('ServiceReconcileFunction') },
    'function watch-signatures': { arn: policies.functionArn('ServiceWatchSignaturesFunction') },
    'a role of approvers': { arn: `arn:aws:iam::${ACCOUNT}:role/cakeless/cakeless/approvers/mine` },
    'the role of sign': { arn: policies.role('ServiceSignRole').arn },
  };

  return function ask(action: string, what: string, variant = ''): Asked {
    const context = contextOf(action, variant);
    const [bucketName = '', ...path] = what.split('/');
    const bucket = { exchange, authority }[bucketName];
    if (bucket) {
      const key = path.join('/');
      const list = action === 's3:ListBucket';
      return {
        action,
        resource: list || key === '' ? bucket.arn : `${bucket.arn}/${key}`,
        resourcePolicy: bucket.policy,
        context: { ...context, ...(list && { 's3:prefix': key }) },
      };
    }
    const found = resources[what];
    if (!found) throw new Error(`unknown resource ${what}`);
    return { action, resource: found.arn, resourcePolicy: found.policy, context };
  };
}

/** The condition keys of a request. */
export function contextOf(action: string, variant: string): Record<string, string> {
  const special = variant === '' ? {} : VARIANTS[variant];
  if (!special) throw new Error(`unknown variant ${variant}`);
  const tls = action.startsWith('s3:') ? { 's3:TlsVersion': '1.3' } : {};
  const all = { 'aws:SecureTransport': 'true', ...tls, ...USUAL[action], ...special };
  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== null),
  );
}
