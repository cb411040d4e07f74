import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Go's crypto/x509, the OpenSSL command, zlint. */
export type Judge = 'go' | 'openssl' | 'zlint';

export const allJudges: readonly Judge[] = ['go', 'openssl', 'zlint'];

/** Where test/tools/install.sh puts its programs. */
export const toolsFolder = (): string =>
  process.env.CAKELESS_TOOLS ?? join(homedir(), '.cache', 'cakeless-tools');

const programs = (): Record<Judge, string> => ({
  go: join(toolsFolder(), 'bin', 'verify-chain'),
  openssl: 'openssl',
  zlint: join(toolsFolder(), 'bin', 'lint'),
});

/** Why a judge is not available on this machine; undefined if it is. */
export function whyUnavailable(judge: Judge): string | undefined {
  if (judge !== 'openssl') {
    return existsSync(programs()[judge]) ? undefined : 'not built: run test/tools/install.sh';
  }
  const { error, stdout } = spawnSync('openssl', ['version'], { encoding: 'utf8' });
  if (error) return 'openssl is not installed';
  // -x509_strict has another meaning before OpenSSL 3.0; the command may also be LibreSSL
  return /^OpenSSL [3-9]\./.test(stdout)
    ? undefined
    : `requires OpenSSL 3 or later, found ${stdout.trim()}`;
}

/** Runs a judge's program. @throws Error if it gives no judgement */
export function askProgram(judge: Judge, args: string[], input = ''): { out: string; err: string } {
  const run = spawnSync(programs()[judge], args, {
    input,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024, // a thousand certificates with all their findings
    env: { PATH: process.env.PATH, LC_ALL: 'C', OPENSSL_CONF: '/dev/null' },
  });
  if (run.error) {
    throw new Error(`${judge} did not run (${whyUnavailable(judge) ?? 'installed'})`, {
      cause: run.error,
    });
  }
  if (run.status === null || (judge !== 'openssl' && run.status !== 0)) {
    throw new Error(`${judge} gave no judgement: ${run.stderr}`);
  }
  return { out: run.stdout, err: run.stderr };
}

/** Input is one JSON document, output one JSON line per question, in the same order. */
export function askGoProgram<Answer>(judge: Judge, args: string[], questions: unknown[]): Answer[] {
  if (questions.length === 0) return [];
  const lines = askProgram(judge, args, JSON.stringify(questions)).out.trim().split('\n');
  if (lines.length !== questions.length) {
    throw new Error(`${judge}: ${lines.length} answers to ${questions.length} questions`);
  }
  return lines.map((line) => JSON.parse(line) as Answer);
}
