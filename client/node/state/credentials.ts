/**
 * The files with AWS credentials and configuration that a run reads. Someone who can change one of them can make root
 * run a program (`credential_process`), or use another bucket of another account.
 */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { requireTrustedFile } from '../../../lib/files/trust.ts';
import { readTextIfThere } from '../../read-text.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Variables that name a file (SDKs and tools reference guide, "Environment variables"; Node.js's own). */
const NAMED = [
  'AWS_CONFIG_FILE',
  'AWS_SHARED_CREDENTIALS_FILE',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
  'AWS_CA_BUNDLE',
  'NODE_EXTRA_CA_CERTS',
] as const;

/** Settings of a profile that name files, or a command line with files. */
const IN_PROFILE = /^[ \t]*(?:credential_process|web_identity_token_file|ca_bundle)[ \t]*=(.*)$/gm;

/** @throws UnsafePathError if this process is root's, and others can change a file that it trusts */
export function requireTrustedCredentials(environment: Environment): void {
  const home = homeOf(environment);
  const profiles = (['config', 'credentials'] as const).map((name) => join(home, '.aws', name));
  const named = NAMED.flatMap((name) => environment[name] || []);
  const files = [...named, ...profiles.filter(existsSync)];
  for (const file of files) requireTrustedFile(file);
  for (const file of files) for (const inner of filesNamedIn(file)) requireTrustedFile(inner);
}

/** Absolute paths only: the program, and for example the certificate and the key that it is given. */
function filesNamedIn(file: string): string[] {
  return [...textOf(file).matchAll(IN_PROFILE)]
    .flatMap(([, value = '']) => value.split(/["'\s]+/))
    .filter((word) => word.startsWith('/'));
}

/** If a file cannot be read, the SDK reports it. */
function textOf(file: string): string {
  try {
    return readTextIfThere(file) ?? '';
  } catch {
    return '';
  }
}

/** Where the SDK looks for it; without a home folder it finds nothing. */
function homeOf({ HOME }: Environment): string {
  try {
    return HOME || homedir();
  } catch {
    return '/nonexistent';
  }
}
