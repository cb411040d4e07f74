/** CSRs of other projects, with the verdicts of other parsers, in a folder next to the repository. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export interface CorpusFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Whether OpenSSL, Go or pyca refuses it, in structure or signature. */
  readonly refusedElsewhere: boolean;
}

/** The folder of the corpus; undefined if it is not available. */
export function corpusRoot(): string | undefined {
  const root = resolve('..', 'shared', 'csr-corpus');
  return existsSync(join(root, 'verdicts.csv')) ? root : undefined;
}

export function listCorpus(root: string): CorpusFile[] {
  const first = rows(root, 'verdicts.csv').map(([source, file, , , openssl, pyca]) =>
    read(root, `${source}/${file}`, [openssl, pyca]),
  );
  const second = rows(root, 'verdicts-2.csv').map(([file, openssl, go]) =>
    read(root, file ?? '', [openssl, go]),
  );
  return [...first, ...second];
}

function read(root: string, name: string, verdicts: (string | undefined)[]): CorpusFile {
  const refusedElsewhere = verdicts.some((verdict) => verdict !== 'ok');
  return { name, bytes: readFileSync(join(root, name)), refusedElsewhere };
}

/** The columns that are needed come before the first quoted one. */
const rows = (root: string, file: string): string[][] =>
  readFileSync(join(root, file), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','));
