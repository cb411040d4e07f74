// Runs the command from its TypeScript sources.
import { register } from 'tsx/esm/api';
import { commitOfSources, shortCommit } from './commit.mjs';

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
register();
const args = process.argv.slice(2);
const { run } = await import('./run.ts');
// Git takes time, and only --version needs the commit
const commit = /^(?:--version|-V)$/.test(args[0]) ? shortCommit(commitOfSources()) : undefined;
await run(args, { inClone: true, commit });
