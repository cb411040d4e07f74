/** An existing cluster adopted by the service of `cakeless local`, by the principal that it has for this. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { Connection } from '../../client/connection.ts';
import { KmsKeyImport } from '../../lib/aws/kms-key-import.ts';
import { ADOPTABLE_CAS } from '../../lib/ca/trust-domain-request.ts';
import { nodeReportKey } from '../../lib/contract/node-report.ts';
import { FUNCTION_NAMES } from '../../lib/environment-names.ts';
import { newKey, Pki, STEMS } from '../client/adoption/pki.ts';
import { runCommand } from '../client/adoption/world.ts';
import { kubeadmSet } from '../support/kubeadm-sets.ts';
import { nodeReport } from '../support/node-report.ts';
import { changeEnvironment, withCapturedOutput } from '../support/restored.ts';
import { RunningService } from '../support/running-service.ts';

let service: RunningService;
let pki: Pki;
let restore: () => void;

beforeAll(async () => {
  // metrics on standard output, as in AWS
  restore = changeEnvironment({ POWERTOOLS_DEV: 'false', POWERTOOLS_METRICS_DISABLED: 'false' });
  service = await RunningService.start();
  pki = Pki.make();
});

afterAll(async () => {
  pki.dispose();
  await service.close();
  restore();
});

/** A connection of a principal, as far as an adoption needs one. */
function connectionOf(principal: string): Connection {
  const lambda = service.keep(new LambdaClient(service.settings(principal)));
  const kms = service.keep(new KMSClient(service.settings(principal)));
  const connection: Partial<Connection> = {
    invokeCreateCa: async (request: unknown) => {
      const answer = await lambda.send(
        new InvokeCommand({
          FunctionName: FUNCTION_NAMES.createCa,
          Payload: JSON.stringify(request),
        }),
      );
      const text = Buffer.from(answer.Payload ?? '').toString('utf8');
      if (answer.FunctionError) throw new Error(text);
      return JSON.parse(text);
    },
    keyImport: async () => new KmsKeyImport(kms),
  };
  return connection as Connection;
}

async function adopt(principal: string, trustDomain = 'prod', { root } = pki) {
  const args = ['adopt', trustDomain, '--kubeconfig-dir', root];
  const { result } = await withCapturedOutput(() => runCommand(connectionOf(principal), args));
  return result;
}

it('an operator and an approver cannot import; the importer adopts every CA, and cannot sign', async () => {
  for (const other of ['operator', 'approver'])
    expect((await adopt(other)).error).toMatchObject({
      message: expect.stringMatching(/AccessDenied|not authorized/),
    });
  const run = await adopt('importer');
  expect(run.error).toBeUndefined();
  const document = JSON.parse((await service.text('authority', 'trust/prod.json')) ?? '') as {
    cas: Record<string, { versions: { origin: string; certificate: string; keyId: string }[] }>;
  };
  expect(Object.keys(document.cas).sort()).toEqual(Object.keys(STEMS).sort());
  for (const [ca, stem] of Object.entries(STEMS)) {
    const [version] = document.cas[ca]?.versions ?? [];
    expect(version?.origin).toBe('adopted');
    const { raw } = new X509Certificate(readFileSync(pki.file(`${stem}.crt`)));
    expect(new X509Certificate(version?.certificate ?? '').raw).toEqual(raw);
    const kms = service.keep(new KMSClient(service.settings('importer')));
    const sign = new SignCommand({
      KeyId: version?.keyId,
      Message: Buffer.alloc(32),
      MessageType: 'DIGEST',
      SigningAlgorithm: 'ECDSA_SHA_256',
    });
    await expect(kms.send(sign)).rejects.toMatchObject({ name: 'AccessDeniedException' });
  }
});

it('the daily check finds the keys that a node still reports two weeks later', async () => {
  const other = new Pki(); // a key belongs to one trust domain
  for (const ca of ADOPTABLE_CAS) other.setCa(ca, newKey());
  expect((await adopt('importer', 'later', other)).error).toBeUndefined();
  other.dispose();
  const authority = service.store('authority');
  const key = 'trust/later.json';
  const since = /"since": "[^"]+"/g;
  const document = ((await service.text('authority', key)) ?? '').replace(
    since,
    '"since": "2026-01-01T00:00:00Z"',
  );
  await authority.put(key, document, 'application/json');
  const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
  const { node } = await service.declare(set, 'later', { trustDomain: 'later' });
  const report = nodeReport('later', node, { caKeys: ['/etc/kubernetes/pki/ca.key'] });
  const own = service.store('exchange', `node:later/${node}`);
  await own.create(nodeReportKey('later', node), JSON.stringify(report), 'application/json');
  const { text } = await withCapturedOutput(() =>
    service.invoke(FUNCTION_NAMES.reconcile, { records: true }),
  );
  expect(text).toContain('"CaKeysOnNodes":1');
});
