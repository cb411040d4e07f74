/** Formats that only the OpenSSL command writes; for the generator, not for tests. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function pkcs12File(keyPem: string): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'cakeless-hostile-'));
  const openssl = (command: string) =>
    execFileSync('openssl', command.split(' '), { cwd: folder, stdio: 'pipe' });
  try {
    writeFileSync(join(folder, 'key'), keyPem);
    openssl('req -x509 -new -key key -subj /CN=x -days 1 -out crt');
    openssl('pkcs12 -export -inkey key -in crt -passout pass:secret -out p12');
    return readFileSync(join(folder, 'p12'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
