/** Where the one-file client begins; `client/cakeless.mjs` is its like for the sources. */
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

// Imports come first in a module: the warning above has to be silenced before the SDK is loaded.
void import('../run.ts').then(({ run }) => run(process.argv.slice(2)));
