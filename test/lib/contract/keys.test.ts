/** Keys, and what can be derived from them. Requests, approvals and the expiry index have their own tests. */

import {
  caCsrKey,
  caCsrRecordKey,
  parseCaCsrRecordKey,
} from '../../../lib/contract/ca-csr-record.ts';
import {
  caCertificateKey,
  caRecordKey,
  parseCaRecordKey,
} from '../../../lib/contract/ca-record.ts';
import {
  caRenewalCertificateKey,
  caRenewalRecordKey,
  parseCaRenewalRecordKey,
} from '../../../lib/contract/ca-renewal-record.ts';
import { clusterOfRecordKey, clusterRecordKey } from '../../../lib/contract/cluster-record.ts';
import { issuedKey, recordKey, requestKeyOfRecord } from '../../../lib/contract/decision-record.ts';
import { outcomeIn } from '../../../lib/contract/outcomes.ts';
import {
  completeRequestKey,
  outcomeKeys,
  outcomesPrefix,
  requestsPrefix,
  shortRequestKey,
} from '../../../lib/contract/request-key.ts';
import { parseRotationStepKey, rotationStepKey } from '../../../lib/contract/rotation.ts';
import {
  bundleKey,
  chainKey,
  isBundleKey,
  isChainKey,
  trustDomainKey,
  trustDomainOfKey,
} from '../../../lib/contract/trust-domain.ts';
import { CA_NAMES } from '../../../lib/profiles/certificate-names.ts';

const CA = { trustDomain: 'fleet.example', ca: 'etcd-ca', version: 12 } as const;

it('the record and the certificate of a CA version have its version in their keys', () => {
  expect(caRecordKey(CA)).toBe('ca-records/fleet.example/etcd-ca/12.json');
  expect(caCertificateKey(CA)).toBe('ca-records/fleet.example/etcd-ca/12.crt');
  expect(parseCaRecordKey(caRecordKey(CA))).toEqual(CA);
});

it.each([
  'ca-records/fleet/ca/0.json',
  'ca-records/fleet/ca/01.json',
  'ca-records/fleet/ca/1.crt',
  'ca-records/fleet/ca/1e3.json',
  'ca-records/fleet/ca/1234567890.json',
  'ca-records/fleet/other-ca/1.json',
  'ca-records/Fleet/ca/1.json',
  'ca-records/fleet/ca/1/1.json',
  'records/fleet/ca/1.json',
])('%s is not the record of a CA version', (key) => {
  expect(parseCaRecordKey(key)).toBeUndefined();
});

it('a step of a rotation has the versions, and its number, in its key', () => {
  const step = { trustDomain: 'fleet.example', ca: 'etcd-ca', from: 9, to: 12 } as const;
  const key = rotationStepKey(step, 41);
  expect(key).toBe('rotations/fleet.example/etcd-ca/9-12/0000000041.json');
  expect(parseRotationStepKey(key)).toEqual({ ...step, sequence: 41 });
});

it.each([
  'rotations/fleet/ca/0-1/0000000001.json',
  'rotations/fleet/ca/1-02/0000000001.json',
  'rotations/fleet/ca/1-2/1.json',
  'rotations/fleet/ca/1-2/0000000001.crt',
  'rotations/fleet/other-ca/1-2/0000000001.json',
  'rotations/Fleet/ca/1-2/0000000001.json',
  'rotations/fleet/ca/1-2/x/0000000001.json',
  'records/fleet/ca/1-2/0000000001.json',
])('%s is not a step of a rotation', (key) => {
  expect(parseRotationStepKey(key)).toBeUndefined();
});

it('the CSRs of a CA version have the digest of their contents in their keys', () => {
  const csr = { ...CA, sha256: 'ab'.repeat(32) };
  const stem = `ca-records/fleet.example/etcd-ca/12.csr/${csr.sha256}`;
  expect([caCsrRecordKey(csr), caCsrKey(csr)]).toEqual([`${stem}.json`, `${stem}.csr`]);
  expect(parseCaCsrRecordKey(caCsrRecordKey(csr))).toEqual(csr);
  expect(parseCaRecordKey(caCsrRecordKey(csr))).toBeUndefined();
});

it.each([
  `ca-records/fleet/ca/1.csr/${'ab'.repeat(32)}.csr`,
  `ca-records/fleet/ca/1.csr/${'AB'.repeat(32)}.json`,
  'ca-records/fleet/ca/1.csr/ab.json',
  `ca-records/fleet/ca/0.csr/${'ab'.repeat(32)}.json`,
  `ca-records/fleet/other-ca/1.csr/${'ab'.repeat(32)}.json`,
  `ca-records/Fleet/ca/1.csr/${'ab'.repeat(32)}.json`,
  `records/fleet/ca/1.csr/${'ab'.repeat(32)}.json`,
  'ca-records/fleet/ca/1.json',
])('%s is not the record of a CSR of a CA', (key) => {
  expect(parseCaCsrRecordKey(key)).toBeUndefined();
});

it('the renewals of a CA version are numbered in their keys', () => {
  const renewal = { ...CA, renewal: 3 };
  const stem = 'ca-records/fleet.example/etcd-ca/12.renewal/3';
  expect([caRenewalRecordKey(renewal), caRenewalCertificateKey(renewal)]).toEqual([
    `${stem}.json`,
    `${stem}.crt`,
  ]);
  expect(parseCaRenewalRecordKey(`${stem}.json`)).toEqual(renewal);
  expect([parseCaRecordKey(`${stem}.json`), parseCaCsrRecordKey(`${stem}.json`)]).toEqual([
    undefined,
    undefined,
  ]);
});

it.each([
  'ca-records/fleet/ca/1.renewal/1.crt',
  'ca-records/fleet/ca/1.renewal/0.json',
  'ca-records/fleet/ca/1.renewal/01.json',
  'ca-records/fleet/ca/1.renewal/1234567890.json',
  'ca-records/fleet/ca/0.renewal/1.json',
  'ca-records/fleet/other-ca/1.renewal/1.json',
  'ca-records/Fleet/ca/1.renewal/1.json',
  'ca-records/fleet/ca/1.renewal/1/1.json',
  'records/fleet/ca/1.renewal/1.json',
  'ca-records/fleet/ca/1.json',
])('%s is not the record of a renewal', (key) => {
  expect(parseCaRenewalRecordKey(key)).toBeUndefined();
});

it('the request can be derived from the key of its record', () => {
  const request = 'requests/prod/cp-1/r1/pki/apiserver.csr';
  expect(recordKey(request)).toBe('records/prod/cp-1/r1/pki/apiserver.csr.json');
  expect(issuedKey(request)).toBe('records/prod/cp-1/r1/pki/apiserver.csr.crt');
  expect(requestKeyOfRecord(recordKey(request))).toBe(request);
  expect([issuedKey(request), 'records/.json', request].map(requestKeyOfRecord)).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

it('the cluster can be derived from the key of its record', () => {
  expect(clusterOfRecordKey(clusterRecordKey('prod.example'))).toBe('prod.example');
  const others = ['clusters/Prod.json', 'clusters/a/b.json', 'clusters/.json', 'clusters/prod'];
  expect(others.map(clusterOfRecordKey)).toEqual(others.map(() => undefined));
});

it('a trust domain has a document in one bucket, and bundles in the other', () => {
  expect(trustDomainOfKey(trustDomainKey('fleet'))).toBe('fleet');
  expect(trustDomainOfKey('trust/fleet/ca.crt')).toBeUndefined();
  expect(bundleKey('fleet', 'etcd-ca')).toBe('trust/fleet/etcd/ca.crt');
  expect(isBundleKey('trust/fleet/etcd/ca.crt')).toBe(true);
});

it.each([
  'trust/fleet.json',
  'trust/../ca.crt',
  'trust/fleet/x.crt',
  'trust/ca.crt',
  'x/fleet/ca.crt',
])('%s is not a bundle', (key) => expect(isBundleKey(key)).toBe(false));

it('the chain of a CA is in a separate file, and never a bundle', () => {
  const keys = CA_NAMES.map((ca) => chainKey('fleet', ca));
  expect(keys).toEqual([
    'trust/fleet/ca-chain.crt',
    'trust/fleet/etcd/ca-chain.crt',
    'trust/fleet/front-proxy-ca-chain.crt',
    'trust/fleet/kubelet-ca-chain.crt',
  ]);
  expect(keys.map((key) => [isChainKey(key), isBundleKey(key)])).toEqual(
    keys.map(() => [true, false]),
  );
  const bundles = CA_NAMES.map((ca) => bundleKey('fleet', ca));
  expect(bundles.some(isChainKey)).toBe(false);
});

it('prefixes end with a slash, so that a node is not taken for another', () => {
  expect(requestsPrefix('prod')).toBe('requests/prod/');
  expect(requestsPrefix('prod', 'cp-1')).toBe('requests/prod/cp-1/');
  expect(outcomesPrefix('prod', 'cp-1', 'r1')).toBe('certificates/prod/cp-1/r1/');
});

it('people can omit the requests/ prefix', () => {
  const key = 'requests/prod/cp-1/r1/admin.conf.csr';
  expect([key, shortRequestKey(key)].map(completeRequestKey)).toEqual([key, key]);
  expect(shortRequestKey(shortRequestKey(key))).toBe('prod/cp-1/r1/admin.conf.csr');
});

it('a certificate takes precedence over a rejection, and both over a pending document', () => {
  const parts = { cluster: 'prod', node: 'cp-1', requestId: 'r1', path: 'admin.conf.csr' };
  const keys = outcomeKeys(parts);
  const existing = new Set(Object.values(keys));
  const states: (string | undefined)[] = [];
  for (const key of [keys.certificate, keys.rejected, keys.pending]) {
    const outcome = outcomeIn(existing, keys);
    expect(outcome?.key).toBe(key);
    states.push(outcome?.state);
    existing.delete(key);
  }
  expect(states).toEqual(['issued', 'rejected', 'pending']);
  expect(outcomeIn(existing, keys)).toBeUndefined();
});
