#!/usr/bin/env bash
# Every test there is, with nothing skipped: the slow suites (*.slow.test.ts, which `npm test` leaves out) and all
# judges. Installs the programs for that first, outside the repository (see test/tools/install.sh).
# Arguments go to jest: npm run test:all -- test/e2e
set -euo pipefail
exec </dev/null
cd "$(dirname "${BASH_SOURCE[0]}")/.."

bash test/tools/install.sh
CAKELESS_ALL=1 CAKELESS_REQUIRE_JUDGES=1 exec node_modules/.bin/jest "$@"
