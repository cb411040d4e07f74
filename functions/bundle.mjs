// Bundles the functions as Lambda runs them: one minified ESM file each in dist/functions, the SDK inside.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

const OUT = 'dist/functions';
const FUNCTIONS = ['sign', 'create-ca', 'reconcile', 'watch-signatures'];

rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT, { recursive: true });
for (const name of FUNCTIONS) {
  const result = await build({
    entryPoints: [`functions/${name}.ts`],
    outfile: `${OUT}/${name}.mjs`,
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    mainFields: ['module', 'main'],
    metafile: true,
    legalComments: 'none',
    banner: {
      js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);",
    },
    alias: { '@aws-sdk/credential-provider-node': './functions/lambda-credentials.mjs' },
  });
  writeFileSync(`${OUT}/${name}.meta.json`, JSON.stringify(result.metafile));
  const { bytes } = result.metafile.outputs[`${OUT}/${name}.mjs`];
  console.log(`${OUT}/${name}.mjs  ${Math.ceil(bytes / 1024)} KB`);
}
