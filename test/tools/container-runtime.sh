#!/usr/bin/env bash
# container-runtime.sh: installs what a node needs besides the programs of Kubernetes (kubernetes.sh builds those).
#
#   containerd, runc               a container runtime
#   iptables, ethtool, socat, …    what kubeadm's preflight checks and the kubelet look for
#   bridge, loopback, host-local   the plugins of a pod network
#   pause, watch-names             to hold a pod's namespaces, and to see every new file: built from test/tools into
#                                  ${CAKELESS_TOOLS:-$HOME/.cache/cakeless-tools}/bin
#
# Missing programs of the first three groups are installed by apt-get, as Debian's packages. No daemon is started.
# Prints a line for each program. Exit code 1: a program cannot be installed here, which its line says.
set -euo pipefail
exec </dev/null

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tools=${CAKELESS_TOOLS:-${HOME:-/root}/.cache/cakeless-tools}
mkdir -p "$tools/bin" "$tools/made-from" "$tools/log"
# shellcheck source=test/tools/go.sh
. "$here/go.sh"
PATH=$PATH:/usr/sbin:/sbin
failed=0

main() {
  package containerd containerd
  package runc runc
  package iptables iptables
  package ethtool ethtool
  package socat socat
  package conntrack conntrack
  package bridge containernetworking-plugins
  own pause
  own watch-names
  exit "$failed"
}

say() { printf '%-14s %s\n' "$1" "$2"; }

# Debian installs the plugins of a pod network in /usr/lib/cni, and their releases in /opt/cni/bin.
is_there() { command -v "$1" >/dev/null || [ -x "/usr/lib/cni/$1" ] || [ -x "/opt/cni/bin/$1" ]; }

# package PROGRAM PACKAGE
package() {
  if is_there "$1"; then
    say "$1" present
  elif install "$2" >"$tools/log/$2" 2>&1 && is_there "$1"; then
    say "$1" "installed ($2)"
  else
    say "$1" "not available: $(tail -n 1 "$tools/log/$2") (all of it: $tools/log/$2)"
    failed=1
  fi
}

install() {
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "not root, or no apt-get here: install $1 by other means"
    return 1
  fi
  local get=(env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$1")
  "${get[@]}" || { apt-get update -q && "${get[@]}"; }
}

# own PROGRAM: builds test/tools/PROGRAM, which uses only Go's standard library
own() {
  local program=$tools/bin/$1 pin
  pin=$(sha256sum <"$here/$1/main.go" | cut -d' ' -f1)
  if [ -x "$program" ] && [ "$(cat "$tools/made-from/$1" 2>/dev/null)" = "$pin" ]; then
    say "$1" present
    return
  fi
  find_go
  if [ -n "$go_missing" ]; then
    say "$1" "not available: $go_missing"
    failed=1
  elif (cd "$here/$1" && CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '-s -w' -o "$program" .) >"$tools/log/$1" 2>&1; then
    printf '%s\n' "$pin" >"$tools/made-from/$1"
    say "$1" made
  else
    say "$1" "FAILED: $(tail -n 1 "$tools/log/$1") (all of it: $tools/log/$1)"
    failed=1
  fi
}

main
