// Builds executables for nodes without Node.js: dist/client/cakeless-linux-x64 and -arm64 (single executable
// applications). Node 26 builds them; npm installs the pinned version into the folder of test/tools.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { bundleOneFile } from './bundle.mjs';

const NODE = '26.10.0';
const tools = process.env.CAKELESS_TOOLS ?? join(homedir(), '.cache', 'cakeless-tools');

/** Node for a platform, from its npm package, installed without running scripts. */
function nodeFor(platform) {
  const folder = join(tools, `sea-${platform}-${NODE}`);
  const binary = join(folder, 'node_modules', `node-${platform}`, 'bin', 'node');
  if (existsSync(binary)) return binary;
  // elsewhere first: another build may look for it at the same time, and must not run half of it
  const own = `${folder}.${process.pid}`;
  mkdirSync(own, { recursive: true });
  const what = `node-${platform}@${NODE}`;
  const flags = ['--no-save', '--ignore-scripts', '--force', '--no-audit', '--no-fund'];
  execFileSync('npm', ['install', '--prefix', own, ...flags, what], { stdio: 'ignore' });
  try {
    renameSync(own, folder);
  } catch {
    // the other one was faster, or left half of it before this was so
    const [keep, remove] = existsSync(binary) ? [folder, own] : [own, folder];
    rmSync(remove, { recursive: true });
    if (keep === own) renameSync(own, folder);
  }
  return binary;
}

const main = await bundleOneFile('cjs');
const builder = nodeFor(`linux-${process.arch}`);
for (const platform of ['linux-x64', 'linux-arm64']) {
  const executableFile = `dist/client/cakeless-${platform}`;
  const output = `${executableFile}.${process.pid}`; // the existing file may be running
  const config = `${executableFile}.json`;
  const executable = resolve(nodeFor(platform));
  // All arguments belong to cakeless, none to Node.
  const settings = { disableExperimentalSEAWarning: true, execArgvExtension: 'none' };
  writeFileSync(config, JSON.stringify({ main, output, executable, ...settings }));
  execFileSync(builder, ['--build-sea', config], { stdio: 'inherit' });
  renameSync(output, executableFile);
  console.log(`${executableFile}  ${Math.ceil(statSync(executableFile).size / 1024 / 1024)} MB`);
}
