/** Entry point of the one-file client, as `client/cakeless.mjs` is for the sources. */
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

// A static import would run before the assignment above and load the SDK with its warning.
void import('../run.ts').then(({ run }) => run(process.argv.slice(2)));
