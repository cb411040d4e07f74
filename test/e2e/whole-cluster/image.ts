/** A container image with one program, as an archive for `ctr images import` (docker's format). */
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { mustRun } from '../harness/program.ts';

export interface Image {
  /** registry.k8s.io/kube-apiserver:v1.35.4 */
  readonly name: string;
  /** The file that becomes /usr/local/bin/NAME in the image. */
  readonly program: string;
}

/** @param archive the file to write */
export async function makeImage({ name, program }: Image, archive: string): Promise<void> {
  mkdirSync(dirname(archive), { recursive: true });
  const work = mkdtempSync(`${archive}-`);
  const [root, parts] = [join(work, 'root'), join(work, 'parts')];
  for (const path of ['tmp', 'etc', 'usr/local/bin'])
    mkdirSync(join(root, path), { recursive: true });
  // images with equal contents have one digest, and a kubelet would collect them together
  writeFileSync(join(root, 'etc', 'image-name'), name);
  const path = join('usr', 'local', 'bin', basename(program));
  copyFileSync(program, join(root, path));
  mkdirSync(parts);
  const layer = join(parts, 'layer.tar');
  await mustRun(['tar', '--owner=0', '--group=0', '-C', root, '-cf', layer, '.']);
  rmSync(root, { recursive: true });
  const config = {
    ...platform(),
    config: { Entrypoint: [`/${path}`], Env: ['PATH=/usr/local/bin'] },
    rootfs: { type: 'layers', diff_ids: [`sha256:${digest(readFileSync(layer))}`] },
  };
  writeFileSync(join(parts, 'config.json'), JSON.stringify(config));
  const manifest = [{ Config: 'config.json', RepoTags: [name], Layers: ['layer.tar'] }];
  writeFileSync(join(parts, 'manifest.json'), JSON.stringify(manifest));
  await mustRun(['tar', '-C', parts, '-cf', archive, '.']);
  rmSync(work, { recursive: true });
}

const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

const platform = () => ({
  os: 'linux',
  architecture: { x64: 'amd64' }[process.arch as string] ?? process.arch,
});
