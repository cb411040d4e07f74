/** Real releases of kubeadm and the kubelet, if they have been built. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { toolsFolder } from './judges-programs.ts';

type Program = 'kubeadm' | 'kubelet';

const programOf = (program: Program, version: string): string =>
  join(toolsFolder(), 'kubernetes', `v${version}`, program);

export const kubeadmProgram = (version: string): string => programOf('kubeadm', version);

/** Why a release is not available on this machine; undefined if it is. Throws under CAKELESS_REQUIRE_JUDGES=1. */
export function whyNoKubeadm(version: string, program: Program = 'kubeadm'): string | undefined {
  if (existsSync(programOf(program, version))) return undefined;
  const why = `${program} ${version} is not built`;
  if (process.env.CAKELESS_REQUIRE_JUDGES === '1')
    throw new Error(`CAKELESS_REQUIRE_JUDGES=1, but ${why}`);
  return why;
}

export const runKubeadm = (version: string, ...args: string[]) => run('kubeadm', version, args);

/** The kubelet runs as far as its configuration allows: about a second without a container runtime. */
export const runKubelet = (version: string, ...args: string[]) => run('kubelet', version, args);

function run(program: Program, version: string, args: readonly string[]) {
  const { status, stdout, stderr, error } = spawnSync(programOf(program, version), args, {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, TZ: 'UTC' },
    timeout: 60_000,
  });
  if (error) throw error;
  return { status, stdout, stderr };
}
