#!/usr/bin/env bash
# Deploys the app to a stand-in for AWS on this machine and tests the service: see main.ts. Installs what is missing
# first: the packages of the repository, and outside it MiniStack, Node 24 and the judges (test/tools/install.sh).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

[ -d node_modules ] || npm ci
bash test/tools/install.sh node-24 ministack verify-chain lint
AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED=true exec node_modules/.bin/tsx test/deployed/main.ts "$@"
