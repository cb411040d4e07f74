/** What a release is built from: version, commit, and the time that all its files carry. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface Revision {
  readonly version: string;
  /** The whole hash. */
  readonly commit: string;
  /** When it was committed: the only time in the release (reproducible-builds.org/specs/source-date-epoch). */
  readonly time: Date;
  /** Uncommitted files, as `git status --short` lists them. */
  readonly changed: readonly string[];
}

export function readRevision(): Revision {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  const [commit = '', seconds] = git('log', '-1', '--format=%H %ct').split(' ');
  const changed = git('status', '--short').split('\n').filter(Boolean);
  return { version, commit, time: new Date(Number(seconds) * 1000), changed };
}

const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim();
