// The commit that the command is built from, and its date, where they are known.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/**
 * CAKELESS_COMMIT replaces what Git reports, for a build from an archive.
 * @returns {string | undefined} the whole hash, with "-dirty" if a tracked file was changed
 */
export function commitOfSources() {
  const given = process.env.CAKELESS_COMMIT;
  if (given !== undefined && !/^[0-9a-f]{40}(?:-dirty)?$/.test(given))
    throw new Error(`CAKELESS_COMMIT=${given}: not the 40 hexadecimal digits of a commit`);
  if (given !== undefined) return given;
  try {
    const [head, top] = git('rev-parse', 'HEAD', '--show-toplevel').split('\n');
    // a copy inside another repository was not built from that repository's commit
    if (`${top}/` !== ROOT) return undefined;
    return git('status', '--porcelain', '--untracked-files=no') === '' ? head : `${head}-dirty`;
  } catch {
    return undefined;
  }
}

/**
 * The day of the commit, in UTC; SOURCE_DATE_EPOCH overrides it
 * (https://reproducible-builds.org/specs/source-date-epoch/).
 * @returns {string} empty if it is not known
 */
export function dateOfSources() {
  const seconds =
    process.env.SOURCE_DATE_EPOCH ?? (commitOfSources() && git('show', '-s', '--format=%ct'));
  return seconds ? new Date(Number(seconds) * 1000).toISOString().slice(0, 10) : '';
}

const git = (...args) =>
  execFileSync('git', args, {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();

/** As `--version` prints it: seven digits. */
export const shortCommit = (commit) => commit?.replace(/^([0-9a-f]{7})[0-9a-f]*/, '$1');
