/** Entry point of the installed form: the bundle that is split into chunks. It works even if a chunk is missing. */
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

void import('../run.ts').then(({ run }) => run(process.argv.slice(2)));
