/** `cakeless csrsigning` on a node that lacks a file, and with options that do not go together. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CsrSigningOptions, csrSigning } from '../../../client/commands/csrsigning.ts';
import type { Connection } from '../../../client/connection.ts';
import { TestCa } from './certificates.ts';

const etc = mkdtempSync(join(tmpdir(), 'cakeless-csrsigning-'));
afterAll(() => rmSync(etc, { recursive: true }));

const connection = { exchange: () => Promise.reject(new Error('no bucket')) };
const printed: string[] = [];
const run = (more: Partial<CsrSigningOptions> = {}) =>
  csrSigning(
    connection as unknown as Connection,
    { print: (line) => void printed.push(line), progress: () => undefined },
    {
      cluster: 'prod',
      node: 'cp-1',
      kubeconfigDir: etc,
      healthAddress: { host: '127.0.0.1', port: 0 },
      output: 'text',
      ...more,
    },
  );

it('does not start without ca.crt, and then not without its kubeconfig', async () => {
  await expect(run()).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringContaining('pki/ca.crt: does not exist'),
    hint: expect.stringContaining('cakeless prepare'),
  });
  mkdirSync(join(etc, 'pki'));
  writeFileSync(join(etc, 'pki/ca.crt'), (await TestCa.make('kubernetes')).pem);
  await expect(run()).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringContaining('cakeless-csrsigning.conf: no such file'),
    hint: expect.stringMatching(/install-csrsigning.*prepare --csrsigning/),
  });
});

it('--check says how the kubeconfig is obtained', async () => {
  await run({ check: true });
  expect(printed.join('\n')).toMatch(/to fix: obtain it with cakeless install-csrsigning/);
});

it.each<Partial<CsrSigningOptions>>([{ rbac: true }, { manifest: 'cakeless:1' }])(
  '%j prints YAML, and refuses -o json',
  async (option) => {
    await expect(run({ ...option, output: 'json' })).rejects.toMatchObject({ code: 'usage' });
  },
);
