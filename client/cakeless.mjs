#!/usr/bin/env -S node --
// "--" ends the options of Node itself: Node 20 would take our --env-file for its own, wherever it stands.
// Runs the command from its TypeScript sources; `npm run build` makes the bundles for Lambda.
import { register } from 'tsx/esm/api';

// The SDK tells every process on Node 20 about January 2027; docs/decisions/0002 does it once.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
register();
const { run } = await import('./run.ts');
await run(process.argv.slice(2));
