#!/usr/bin/env bash
# tls-clients.sh: installs what the clients of test/e2e/corporate-root need besides Node.js: curl, python3, and a JDK that
# runs a source file.
#
# Missing programs are installed by apt-get, as Debian's packages. Prints a line for each program. Exit code 1: a program
# cannot be installed here, which its line says.
set -euo pipefail
exec </dev/null

tools=${CAKELESS_TOOLS:-${HOME:-/root}/.cache/cakeless-tools}
mkdir -p "$tools/log"
failed=0

say() { printf '%-14s %s\n' "$1" "$2"; }

package() {
  local program=$1 package=$2 log="$tools/log/$1"
  if command -v "$program" >/dev/null; then
    say "$program" "$(command -v "$program")"
    return
  fi
  local install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$package")
  if "${install[@]}" >"$log" 2>&1 || { apt-get update -q >>"$log" 2>&1 && "${install[@]}" >>"$log" 2>&1; }; then
    say "$program" "installed $package"
  else
    say "$program" "cannot be installed: see $log"
    failed=1
  fi
}

package curl curl
package python3 python3
package javac default-jdk-headless
exit "$failed"
