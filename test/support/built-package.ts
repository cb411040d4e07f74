/** A project whose node_modules has the built constructs as the package has them, and the CDK as its own dependency. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** As package.json of the package exports it. */
const PACKAGE = {
  name: 'cakeless',
  type: 'module',
  exports: { './infra': { types: './infra/index.d.ts', default: './infra/index.js' } },
};

/** Packages that a user of the constructs installs. */
const INSTALLED = ['aws-cdk-lib', 'constructs', '@types/node', 'undici-types'];

/** @returns a copy of an example, ready to compile and run */
export function projectWithPackage(example: string): string {
  const project = mkdtempSync(join(tmpdir(), 'cakeless-project-'));
  const modules = join(project, 'node_modules');
  mkdirSync(join(modules, 'cakeless'), { recursive: true });
  mkdirSync(join(modules, '@types'));
  execFileSync(process.execPath, ['infra/build.mjs', join(modules, 'cakeless', 'infra')]);
  writeFileSync(join(modules, 'cakeless', 'package.json'), JSON.stringify(PACKAGE));
  for (const name of INSTALLED)
    symlinkSync(realpathSync(resolve('node_modules', name)), join(modules, name));
  cpSync(example, project, { recursive: true });
  return project;
}
