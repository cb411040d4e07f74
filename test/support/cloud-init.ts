import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

interface CloudConfig {
  readonly write_files: readonly { readonly path: string; readonly content: string }[];
}

/** The files that a cloud-config writes, by path. */
export function writtenFiles(file: string): Record<string, string> {
  const { write_files }: CloudConfig = parse(readFileSync(file, 'utf8'));
  return Object.fromEntries(write_files.map(({ path, content }) => [path, content]));
}
