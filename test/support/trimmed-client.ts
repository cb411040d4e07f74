import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Bundles a client of the SDK as the bundles of the functions have it, and loads it. */
export function loadTrimmed(name: string): unknown {
  const folder = mkdtempSync(join(tmpdir(), 'cakeless-trimmed-'));
  const outfile = join(folder, 'client.cjs');
  // in another process, because esbuild refuses the globals of jest; its modules have no import()
  const script = `import { build } from 'esbuild';
    import { SDK_ALIASES, trimSdk } from ${JSON.stringify(pathToFileURL('functions/trim-sdk.mjs').href)};
    await build({ entryPoints: [${JSON.stringify(name)}], outfile: ${JSON.stringify(outfile)}, bundle: true,
      platform: 'node', format: 'cjs', supported: { 'dynamic-import': false }, mainFields: ['module', 'main'], alias: SDK_ALIASES, plugins: [trimSdk] });`;
  try {
    execFileSync(process.execPath, ['--input-type=module', '-e', script]);
    return createRequire(outfile)(outfile);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
