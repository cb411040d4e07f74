// An esbuild plugin that leaves parts of the AWS SDK out of the bundles. If a release of the SDK changes what is matched
// here, a bundle grows or the build fails; test/functions/bundles.slow.test.ts then fails too.
// test/contract/trimmed.slow.test.ts runs the contract of the adapters on clients that are bundled like this.
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Modules that replace packages that functions do not need; see the files. */
export const SDK_ALIASES = {
  '@aws-sdk/credential-provider-node': resolve(import.meta.dirname, 'lambda-credentials.mjs'),
  '@smithy/core/event-streams': resolve(import.meta.dirname, 'no-event-streams.mjs'),
};

const CONSTANT = /^(?:export )?const (\w+) = ("(?:[^"\\]|\\.)*");$/gm;
const REGISTERED_ERROR = /^n\d+_registry\.registerError\(.*\);$/gm;

/**
 * - Schemas of operations that are not called: they have computed keys, `[_N]: …`, and esbuild keeps what computes. The
 *   keys are constants of the same file, so their values are written there instead.
 * - A class for each error of a service. Without it, the SDK throws the service's base exception with the same name,
 *   message and status, as it does for every error that the service has not declared; `lib/aws` reads nothing else.
 */
export function trimSchemas(text) {
  const values = new Map([...text.matchAll(CONSTANT)].map(([, name, value]) => [name, value]));
  return text
    .replace(/\[(\w+)\]:/g, (key, name) => (values.has(name) ? `${values.get(name)}:` : key))
    .replace(REGISTERED_ERROR, '');
}

/**
 * What the SDK falls back to where node:crypto has no SHA-256, SHA-1 or MD5, and for bodies that are web streams. A
 * function in Node.js uses neither.
 */
const FALLBACKS =
  /[\\/](?:Sha256Js|Sha1Js|Md5Js|(?:sdk-stream-mixin|createChecksumStream)\.browser)\.js$/;

/** The same exports; calling one of them throws. */
export function withoutFallback(text) {
  return [...text.matchAll(/^export (?:const|function|class) (\w+)/gm)]
    .map(([, name]) => `export function ${name}() { throw new Error('${name} is left out'); }`)
    .join('\n');
}

/** Signs for one region. The SDK's own class of this name also loads signers for many, if they are installed. */
const ONE_REGION = `import { SignatureV4SignWithCredentials } from './SignatureV4SignWithCredentials';
export class SignatureV4MultiRegion extends SignatureV4SignWithCredentials {
  static sigv4aDependency() { return 'none'; }
}`;

export const trimSdk = {
  name: 'trim-sdk',
  setup(build) {
    const schemas = /[\\/]@aws-sdk[\\/]client-[^\\/]+[\\/]dist-es[\\/]schemas[\\/]schemas_\d+\.js$/;
    build.onLoad({ filter: schemas }, ({ path }) => ({
      contents: trimSchemas(readFileSync(path, 'utf8')),
      loader: 'js',
    }));
    build.onLoad({ filter: FALLBACKS }, ({ path }) => ({
      contents: withoutFallback(readFileSync(path, 'utf8')),
      loader: 'js',
    }));
    const multiRegion = /[\\/]dist-es[\\/]SignatureV4MultiRegion\.js$/;
    build.onLoad({ filter: multiRegion }, ({ path }) => ({
      contents: ONE_REGION,
      resolveDir: dirname(path),
      loader: 'js',
    }));
    // a client takes its version from it, for the user agent
    const manifest = /[\\/]@aws-sdk[\\/]client-[^\\/]+[\\/]package\.json$/;
    build.onLoad({ filter: manifest }, ({ path }) => {
      const { version } = JSON.parse(readFileSync(path, 'utf8'));
      return { contents: JSON.stringify({ version }), loader: 'json' };
    });
  },
};
