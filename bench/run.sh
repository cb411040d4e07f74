#!/usr/bin/env bash
# Prints the measurements that docs/benchmarks.md explains, or those sections that are named. No test depends on them.
# BENCH_NODE=/path/to/node uses another release of Node.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED=true
node functions/bundle.mjs >/dev/null
node_modules/.bin/esbuild bench/main.ts --bundle --platform=node --format=esm --target=node20 --main-fields=module,main \
  --outfile=dist/bench.mjs --log-level=error \
  "--banner:js=import{createRequire}from'node:module';const require=createRequire(import.meta.url);"
exec "${BENCH_NODE:-node}" --expose-gc dist/bench.mjs "$@"
