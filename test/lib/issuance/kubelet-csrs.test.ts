/**
 * CSRs that the certificate managers of real kubelets made: each is issued, and its certificate is the golden text. After
 * an intended change, UPDATE_GOLDEN=1 writes the texts.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import {
  formatCsrObject,
  readCsrObject,
  toCsrObject,
} from '../../../lib/certificates-api/csr-object.ts';
import { keyOf } from '../../support/api-csr.ts';
import { describeCertificate } from '../../support/describe-certificate.ts';
import { InMemoryService } from '../../support/in-memory-service.ts';

const FOLDER = resolve('test', 'fixtures', 'kubelet-csrs');
const FIXTURES = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.json'))
  .map((file) => basename(file, '.json'));

const worker = (name: string, ...addresses: string[]) => ({ name, addresses, role: 'worker' });
const rule = (
  namePattern: string,
  ranges: string[],
  certSANs: string[],
  addressRanges: string[],
) => ({
  namePattern,
  addressRanges: ranges,
  role: 'worker',
  kubelet: { certSANs, addressRanges },
});

const RECORD = {
  cluster: 'prod',
  trustDomain: 'fleet',
  kubernetesVersion: 'v1.37.2',
  controlPlaneEndpoint: 'api.prod.example.com:6443',
  networking: { serviceSubnet: '10.96.0.0/12,fd00:10:96::/112' },
  nodes: [
    { name: 'cp-1', addresses: ['10.20.0.11'], role: 'control-plane' },
    worker('w-1', '10.20.0.21'),
    worker('w-2', '10.20.0.22', 'fd00:20::22'),
    worker('w-3', 'fd00:20::23'),
    worker('w-4', '10.20.0.24'),
  ],
  nodeRules: [
    rule(
      'ip-10-20-8-*.eu-central-1.compute.internal',
      ['10.20.8.0/24'],
      ['ec2-*.eu-central-1.compute.amazonaws.com'],
      ['3.64.0.0/12'],
    ),
    rule(
      'gke-pool-1-*.europe-west3-a.c.project-1.internal',
      ['10.156.0.0/20'],
      [],
      ['34.89.0.0/16'],
    ),
  ],
  csrSigning: { kubeletClient: {}, kubeletServing: {} },
};

/** As kubectl prints it, with fields that are not uploaded. */
const readFixture = (name: string): unknown =>
  JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8'));

it('there are CSRs of the oldest and of the newest kubelets', () => {
  expect(FIXTURES.length).toBeGreaterThanOrEqual(28);
  const versions = new Set(FIXTURES.map((name) => name.split('-')[0]));
  expect([...versions]).toEqual(['1.22', '1.29', '1.35', '1.37']);
});

it.each(FIXTURES)('%s is issued', async (name) => {
  const object = toCsrObject(readFixture(name));
  if (!object) throw new Error(`${name} is not a CertificateSigningRequest`);
  const body = Buffer.from(formatCsrObject(object));
  expect(readCsrObject(body).violations).toEqual([]);
  const memory = await InMemoryService.open();
  memory.authority.seed('clusters/prod.json', JSON.stringify(RECORD));
  memory.now = new Date('2026-11-27T12:00:00Z');
  const key = keyOf(object);
  memory.exchange.seed(key, body);
  await memory.process(key);
  const { certificate, rejected } = memory.outcome(key);
  expect(rejected).toBeUndefined();
  const text = describeCertificate(certificate ?? '');
  const file = join(FOLDER, 'golden', `${name}.txt`);
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, text);
  expect(existsSync(file)).toBe(true);
  expect(text).toBe(readFileSync(file, 'utf8'));
});

it.each(FIXTURES.filter((name) => /serving-(?!hostname-only)/.test(name)))(
  '%s is refused as a whole if the record lacks one of its addresses',
  async (name) => {
    const object = toCsrObject(readFixture(name));
    if (!object) throw new Error(`${name} is not a CertificateSigningRequest`);
    const memory = await InMemoryService.open();
    const without = {
      ...RECORD,
      nodes: RECORD.nodes.map((node, i) => ({ ...node, addresses: [`10.99.0.${i + 1}`] })),
      nodeRules: RECORD.nodeRules.map((one) => ({ ...one, addressRanges: ['10.99.1.0/24'] })),
    };
    memory.authority.seed('clusters/prod.json', JSON.stringify(without));
    const key = keyOf(object);
    memory.exchange.seed(key, Buffer.from(formatCsrObject(object)));
    const { outcome } = await memory.process(key);
    expect(outcome).toBe('rejected');
  },
);
