/** The Node.js that the executables contain. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface EmbeddedNode {
  readonly version: string;
  readonly license: string;
  /** Its own parts, such as openssl and v8, with their versions. */
  readonly parts: Readonly<Record<string, string>>;
}

/** Reads what `npm run build:binary` has used. */
export function readEmbeddedNode(): EmbeddedNode {
  // the platform of this machine: the program has to run
  const config = readFileSync(`dist/client/cakeless-linux-${process.arch}.json`, 'utf8');
  const { executable } = JSON.parse(config);
  const versions = execFileSync(executable, ['-p', 'JSON.stringify(process.versions)'], {
    encoding: 'utf8',
  });
  const { node: version, modules: _abi, napi: _napi, ...parts } = JSON.parse(versions);
  const license = readFileSync(join(dirname(executable), '..', 'LICENSE'), 'utf8');
  return { version, license, parts };
}
