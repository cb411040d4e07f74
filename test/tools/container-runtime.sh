#!/usr/bin/env bash
# container-runtime.sh: what a node needs beside the programs of Kubernetes (kubernetes.sh builds those).
#
#   containerd, runc               a container runtime
#   iptables, ethtool, socat, …    what kubeadm's preflight and the kubelet look for
#   bridge, loopback, host-local   the plugins of a pod network
#   pause, watch-names             hold a pod's namespaces, and see every file that is made; ours, built with Go into
#                                  ${CAKELESS_TOOLS:-$HOME/.cache/cakeless-tools}/bin
#
# What else is missing is installed by apt-get under Debian's names. No daemon is started. One line a program on stdout.
# Exit 1: something can't be had here; the line says what.
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

# Debian keeps the plugins of a pod network in /usr/lib/cni, their own releases in /opt/cni/bin.
is_there() { command -v "$1" >/dev/null || [ -x "/usr/lib/cni/$1" ] || [ -x "/opt/cni/bin/$1" ]; }

# package PROGRAM PACKAGE
package() {
  if is_there "$1"; then
    say "$1" there
  elif install "$2" >"$tools/log/$2" 2>&1 && is_there "$1"; then
    say "$1" "installed ($2)"
  else
    say "$1" "can not be had: $(tail -n 1 "$tools/log/$2") (all of it: $tools/log/$2)"
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

# own PROGRAM: one of ours, made from test/tools/PROGRAM with Go's standard library alone
own() {
  local program=$tools/bin/$1 pin
  pin=$(sha256sum <"$here/$1/main.go" | cut -d' ' -f1)
  if [ -x "$program" ] && [ "$(cat "$tools/made-from/$1" 2>/dev/null)" = "$pin" ]; then
    say "$1" there
    return
  fi
  find_go
  if [ -n "$go_missing" ]; then
    say "$1" "can not be had: $go_missing"
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
