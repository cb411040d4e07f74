#!/usr/bin/env -S node --
// "--" ends Node's own options: Node 20 would otherwise take --env-file for its own, at any position.
// Runs the command from its TypeScript sources.
import { register } from 'tsx/esm/api';

// The SDK warns every process on Node 20 about the end of its support in January 2027 (docs/decisions/0002).
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
register();
const { run } = await import('./run.ts');
await run(process.argv.slice(2));
