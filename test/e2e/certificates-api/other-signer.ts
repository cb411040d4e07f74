/** kube-controller-manager signs, too, if it has the key of a CA. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Forger } from '../control-plane/forger.ts';
import { mustRun } from '../harness/program.ts';
import type { Check } from '../harness/report.ts';
import type { Setting } from './setting.ts';

export const OTHER_SIGNER_CHECKS = [
  'beside a controller manager that signs with another key, it refuses to run',
  '--check says why',
  'beside one that signs with the key of the trust domain, it runs and says so',
];

export async function checkOtherSigner(check: Check, setting: Setting): Promise<void> {
  const { first } = setting;
  const manifest = first.file('manifests/kube-controller-manager.yaml');
  const before = readFileSync(manifest, 'utf8');
  const key = first.file('pki/ca.key');
  /** With paths as the forwarder sees them here. */
  const signWith = (certificate: string) =>
    writeFileSync(
      manifest,
      before
        .replace(/--cluster-signing-cert-file=.*/, `--cluster-signing-cert-file=${certificate}`)
        .replace(/--cluster-signing-key-file=.*/, `--cluster-signing-key-file=${key}`),
    );
  try {
    await makeCa(key, first.file('pki/other-ca.crt'));
    signWith(first.file('pki/other-ca.crt'));
    await check(
      'beside a controller manager that signs with another key, it refuses to run',
      async () => {
        const log = await (await setting.startForwarder()).ended();
        if (!/kube-controller-manager|csrsigning/.test(log)) throw new Error(log.slice(-600));
        return lastLine(log);
      },
    );
    await check('--check says why', async () => {
      const log = await (await setting.startForwarder(0, ['--check'])).ended();
      if (!/kube-controller-manager/.test(log)) throw new Error(log.slice(-600));
      return lastLine(log);
    });
    const forger = new Forger(setting.service.dataDir, join(setting.folder, 'adopted'));
    writeFileSync(key, forger.caKey(first.file('pki/ca.crt')), { mode: 0o600 });
    copyFileSync(first.file('pki/ca.crt'), first.file('pki/other-ca.crt'));
    signWith(first.file('pki/ca.crt'));
    await check('beside one that signs with the key of the trust domain, it runs and says so', () =>
      setting.withForwarders(1, async ([forwarder]) => {
        const log = forwarder?.log() ?? '';
        const said = log.split('\n').find((line) => line.includes('kube-controller-manager'));
        if (said === undefined) throw new Error(log.slice(-600));
        return said;
      }),
    );
  } finally {
    writeFileSync(manifest, before);
    await mustRun(['rm', '-f', key, first.file('pki/other-ca.crt')]);
  }
}

async function makeCa(keyFile: string, certificateFile: string): Promise<void> {
  const key = ['-newkey', 'rsa:2048', '-noenc', '-keyout', keyFile];
  const options = [...key, '-subj', '/CN=kubernetes', '-days', '30', '-out', certificateFile];
  await mustRun(['openssl', 'req', '-x509', ...options]);
}

const lastLine = (log: string) => log.trim().split('\n').at(-1) ?? '';
