/** Real releases of kubeadm, where they have been built. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { toolsFolder } from './judges-programs.ts';

export const kubeadmProgram = (version: string): string =>
  join(toolsFolder(), 'kubernetes', `v${version}`, 'kubeadm');

/** Why a release can't be asked on this machine; undefined where it can. Throws under CAKELESS_REQUIRE_JUDGES=1. */
export function whyNoKubeadm(version: string): string | undefined {
  if (existsSync(kubeadmProgram(version))) return undefined;
  const why = `kubeadm ${version} is not built`;
  if (process.env.CAKELESS_REQUIRE_JUDGES === '1')
    throw new Error(`CAKELESS_REQUIRE_JUDGES=1, but ${why}`);
  return why;
}

export function runKubeadm(version: string, ...args: string[]) {
  const { status, stdout, stderr, error } = spawnSync(kubeadmProgram(version), args, {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, TZ: 'UTC' },
  });
  if (error) throw error;
  return { status, stdout, stderr };
}
