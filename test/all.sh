#!/usr/bin/env bash
# Runs all suites with nothing skipped: also the slow ones (*.slow.test.ts, which `npm test` omits), and with all judges.
# First installs the programs that they need outside the repository (test/tools/install.sh and kubernetes.sh); on two cores
# with nothing cached, that takes about ten minutes.
# Arguments go to jest: npm run test:all -- test/client
set -euo pipefail
exec </dev/null
cd "$(dirname "${BASH_SOURCE[0]}")/.."

bash test/tools/install.sh
for version in 1.22.17 1.29.15 1.35.4 1.37.2; do # for comparison in test/client
  bash test/tools/kubernetes.sh "$version" kubeadm
done
for version in 1.35.4 1.37.2; do # for the certificate that a kubelet uses
  bash test/tools/kubernetes.sh "$version" kubelet
done
node test/tools/audit.mjs
CAKELESS_ALL=1 CAKELESS_REQUIRE_JUDGES=1 exec node_modules/.bin/jest "$@"
