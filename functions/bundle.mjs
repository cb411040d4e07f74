// Bundles the functions as Lambda runs them: one minified ESM file each, the SDK inside. A folder for each function, so
// that what is in it is what is deployed: dist/functions/<name>/index.mjs. Run twice, it writes the same bytes.
import { mkdirSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

const FUNCTIONS = ['sign', 'create-ca', 'reconcile', 'watch-signatures'];
/** Another folder for the bundles may be named. */
const [OUT = 'dist/functions'] = process.argv.slice(2);
/** What esbuild says of its input; it must not be deployed. */
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
  // standard error: `cdk synth` may print a template to standard output
  console.error(`${outfile}  ${Math.ceil(bytes / 1024)} KB`);
}
