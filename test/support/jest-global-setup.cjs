/**
 * Gives the quick suites a folder for temporary files that is in memory, where there is one: they write thousands of small
 * files and wait for each to be on disk. The slow suites measure what a disk does, and use the usual folder. All suites of
 * a run share another folder, for what is built once (service-program.ts).
 */
const { execFileSync } = require('node:child_process');
const {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
} = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const IN_MEMORY = '/dev/shm';
const PREFIX = 'cakeless-tests-';
/** Several times what a run takes at its peak. */
const ENOUGH_BYTES = 48 * 2 ** 20;

module.exports = () => {
  useMemory();
  globalThis.runFolder = mkdtempSync(join(tmpdir(), 'cakeless-run-'));
  process.env.CAKELESS_TEST_RUN = globalThis.runFolder;
};

function useMemory() {
  if (process.env.CAKELESS_ALL === '1' || process.env.TMPDIR !== undefined || !hasRoom()) return;
  removeLeftBehind();
  const folder = mkdtempSync(join(IN_MEMORY, `${PREFIX}${process.pid}-`));
  chmodSync(folder, 0o1777); // like /tmp: some tests act as another user
  process.env.TMPDIR = folder;
  globalThis.temporaryFolder = folder;
}

function hasRoom() {
  try {
    const { bavail, bsize } = statfsSync(IN_MEMORY);
    return bavail * bsize > ENOUGH_BYTES;
  } catch {
    return false;
  }
}

/** A run that was killed cannot remove its folder: the next one does. */
function removeLeftBehind() {
  for (const name of readdirSync(IN_MEMORY)) {
    const [, pid] = /^cakeless-tests-(\d+)-/.exec(name) ?? [];
    if (pid !== undefined && !isRunning(Number(pid))) remove(join(IN_MEMORY, name));
  }
}

/** What cannot be removed stays: it is another user's, or another run is removing it at this moment. */
function remove(folder) {
  try {
    for (const point of mountPoints(folder)) execFileSync('umount', [point], { stdio: 'ignore' });
    rmSync(folder, { recursive: true, force: true });
  } catch {}
}

/** Tests that mount a file system (mounted.ts) could not unmount it. */
function mountPoints(folder) {
  const points = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '');
  return points.filter((point) => point.startsWith(`${folder}/`));
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
