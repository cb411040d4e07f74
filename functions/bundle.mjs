// Bundles the functions for Lambda: one minified ESM file for each, with the SDK. Each has a folder that contains
// exactly what is deployed: dist/functions/<name>/index.mjs. Builds are reproducible.
import { mkdirSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

const FUNCTIONS = ['triage', 'sign', 'create-ca', 'reconcile', 'watch-signatures'];
/** An argument names another folder for the bundles. */
const [OUT = 'dist/functions'] = process.argv.slice(2);
/** esbuild's metadata, which must not be deployed. */
const META = 'dist/meta';

mkdirSync(META, { recursive: true });
for (const name of FUNCTIONS) {
  const outfile = `${OUT}/${name}/index.mjs`;
  const result = await build({
    entryPoints: [`functions/${name}.ts`],
    outfile,
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
  writeFileSync(`${META}/${name}.json`, JSON.stringify(result.metafile));
  const [{ bytes }] = Object.values(result.metafile.outputs);
  // to standard error: `cdk synth` may print a template to standard output
  console.error(`${outfile}  ${Math.ceil(bytes / 1024)} KB`);
}
