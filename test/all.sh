#!/usr/bin/env bash
# Every test there is, with nothing skipped: the slow suites (*.slow.test.ts, which `npm test` leaves out) and all
# judges. Installs the programs for that first, outside the repository (see test/tools/install.sh and kubernetes.sh;
# with nothing cached, that takes about ten minutes on two cores).
# Arguments go to jest: npm run test:all -- test/client
set -euo pipefail
exec </dev/null
cd "$(dirname "${BASH_SOURCE[0]}")/.."

bash test/tools/install.sh
for version in 1.22.17 1.29.15 1.35.4 1.37.2; do # what test/client compares itself with
  bash test/tools/kubernetes.sh "$version" kubeadm
done
for version in 1.35.4 1.37.2; do # which certificate a kubelet uses
  bash test/tools/kubernetes.sh "$version" kubelet
done
CAKELESS_ALL=1 CAKELESS_REQUIRE_JUDGES=1 exec node_modules/.bin/jest "$@"
