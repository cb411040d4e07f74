/** The Node.js that the executables contain. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface EmbeddedNode {
  readonly version: string;
  readonly license: string;
  /** Its components, such as openssl and v8, with their versions. */
  readonly parts: Readonly<Record<string, string>>;
}

/** Reads which Node.js `npm run build:binary` used. */
export function readEmbeddedNode(): EmbeddedNode {
  // for the platform of this machine, because the program is run
  const config = readFileSync(`dist/client/cakeless-linux-${process.arch}.json`, 'utf8');
  const { executable } = JSON.parse(config);
  const versions = execFileSync(executable, ['-p', 'JSON.stringify(process.versions)'], {
    encoding: 'utf8',
  });
  const { node: version, modules: _abi, napi: _napi, ...parts } = JSON.parse(versions);
  const license = readFileSync(join(dirname(executable), '..', 'LICENSE'), 'utf8');
  return { version, license, parts };
}
