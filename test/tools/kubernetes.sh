#!/usr/bin/env bash
# kubernetes.sh VERSION PROGRAM…    kubernetes.sh 1.35.4 kubeadm kube-apiserver
# kubernetes.sh etcd VERSION        kubernetes.sh etcd 3.6.16        (etcd and etcdctl)
# Builds real programs of Kubernetes and etcd from the Go module proxy. Every module is verified with the checksum database,
# and a version determines all of them. No package registry has these programs. The PROGRAM certificates-client is one of
# this repository (test/e2e/certificates-api/certificates-client), compiled with the packages of that version.
#
# Result: ${CAKELESS_TOOLS:-$HOME/.cache/cakeless-tools}/kubernetes/vVERSION/PROGRAM (…/etcd/vVERSION/etcd). Existing
# programs are kept, so a second run takes no time. Prints a line for each program; Go's output is in …/log/.
# On two cores with nothing cached, kubeadm takes two to three minutes a version, kube-apiserver two, the others one.
# Exit code 1: a build failed. 2: wrong arguments. 3: no Go.
set -euo pipefail
exec </dev/null

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tools=${CAKELESS_TOOLS:-${HOME:-/root}/.cache/cakeless-tools}
mkdir -p "$tools/log"
# shellcheck source=test/tools/go.sh
. "$here/go.sh"
export CGO_ENABLED=0 GOWORK=off GOFLAGS=-mod=mod

main() {
  [ $# -ge 2 ] || usage
  find_go
  [ -z "$go_missing" ] || { echo "$0: $go_missing" >&2; exit 3; }
  program_of_go=$(recent_go)
  if [ "$1" = etcd ]; then build_etcd "$2"; else build_kubernetes "$@"; fi
}

usage() {
  echo "usage: $0 VERSION PROGRAM… | $0 etcd VERSION" >&2
  exit 2
}

build_kubernetes() {
  local version=$1 source out minor flags program
  shift
  [[ $version =~ ^1\.[0-9]+\.[0-9]+$ ]] || usage
  minor=$(cut -d. -f2 <<<"$version")
  source=$tools/src/kubernetes-v$version
  out=$tools/kubernetes/v$version
  # 1.22 and older use a release of github.com/modern-go/reflect2 that compiles with Go 1.18 and later, but crashes at run
  # time: they are built with the Go of that time
  [ "$minor" -gt 22 ] || export GOTOOLCHAIN=go1.16.15
  flags=$(version_flags "$version" "$minor")
  for program in "$@"; do
    [ -f "$source/go.mod" ] || { [ -x "$out/$program" ] && [ "$program" != certificates-client ]; } ||
      kubernetes_module "$version" "$source" || exit 1
    if [ "$program" = certificates-client ]; then
      build_own "$source" "$program" "$out/$program" "$flags" "$program $version"
    else
      build "$source" "k8s.io/kubernetes/cmd/$program" "$out/$program" "$flags" "$program $version"
    fi
  done
}

# build_own MODULE NAME PROGRAM FLAGS NAME: from a copy of its source inside the module, unless that is the same as last time.
build_own() {
  local own=$here/../e2e/certificates-api/$2 made=$3.made-from pin
  pin=$(cd "$own" && cat $(LC_ALL=C ls -- *.go) | sha256sum | cut -d' ' -f1)
  [ "$(cat "$made" 2>/dev/null)" = "$pin" ] || rm -f "$3"
  rm -rf "${1:?}/$2"
  cp -R "$own" "$1/$2"
  build "$1" "./$2" "$3" "$4" "$5"
  printf '%s\n' "$pin" >"$made"
}

# The version that a program reports, as the release's build sets it (hack/lib/version.sh).
version_flags() {
  local package
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    printf -- '-X %s.gitVersion=v%s -X %s.gitMajor=1 -X %s.gitMinor=%s -X %s.gitTreeState=clean ' \
      "$package" "$1" "$package" "$package" "$2" "$package"
  done
}

# A module that requires k8s.io/kubernetes with the go, godebug and replace lines of its go.mod. A replacement by a folder
# of its repository becomes the published module of that folder, version 0.MINOR.PATCH.
kubernetes_module() {
  local description
  description=$(download "k8s.io/kubernetes@v$1") || return 1
  mkdir -p "$2"
  "$program_of_go" mod edit -json "$(field GoMod <<<"$description")" | node -e '
    const module = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
    const [version] = process.argv.slice(1);
    const staging = version.replace(/^1/, "v0");
    console.log(`module cakeless.invalid/kubernetes-build\n\ngo ${module.Go}`);
    for (const { Key, Value } of module.Godebug ?? []) console.log(`godebug ${Key}=${Value}`);
    console.log(`require k8s.io/kubernetes v${version}`);
    for (const { Old, New } of module.Replace ?? []) {
      const by = New.Path.startsWith("./") ? `${Old.Path} ${staging}` : `${New.Path} ${New.Version}`;
      console.log(`replace ${[Old.Path, Old.Version].filter(Boolean).join(" ")} => ${by}`);
    }' "$1" >"$2/go.mod.new"
  mv "$2/go.mod.new" "$2/go.mod"
}

build_etcd() {
  local version=$1 source out description
  [[ $version =~ ^3\.[0-9]+\.[0-9]+$ ]] || usage
  source=$tools/src/etcd-v$version
  out=$tools/etcd/v$version
  if [ ! -x "$out/etcd" ] || [ ! -x "$out/etcdctl" ]; then
    mkdir -p "$source"
    description=$(download "go.etcd.io/etcd/server/v3@v$version") || exit 1
    {
      echo 'module cakeless.invalid/etcd-build'
      "$program_of_go" mod edit -json "$(field GoMod <<<"$description")" | field Go | sed 's/^/go /'
      printf "require go.etcd.io/etcd/%s v$version\n" server/v3 etcdctl/v3 etcdutl/v3 api/v3 client/pkg/v3 client/v3 pkg/v3
    } >"$source/go.mod"
  fi
  build "$source" go.etcd.io/etcd/server/v3 "$out/etcd" '' "etcd $version"
  build "$source" go.etcd.io/etcd/etcdctl/v3 "$out/etcdctl" '' "etcdctl $version"
}

# build MODULE PACKAGE PROGRAM FLAGS NAME
build() {
  local log=$tools/log/${5// /-} start
  if [ -x "$3" ]; then
    printf '%-32s present\n' "$5"
    return
  fi
  mkdir -p "$(dirname "$3")"
  start=$(date +%s)
  if (cd "$1" && nice -n "${CAKELESS_NICE:-0}" "$program_of_go" build -trimpath -ldflags "-s -w $4" -o "$3.$$" "$2") >"$log" 2>&1; then
    mv "$3.$$" "$3"
    printf '%-32s built in %d s\n' "$5" $(($(date +%s) - start))
  else
    rm -f "$3.$$"
    printf '%-32s FAILED: %s (all of it: %s)\n' "$5" "$(tail -n 1 "$log")" "$log"
    exit 1
  fi
}

download() {
  local description
  description=$(cd / && "$program_of_go" mod download -json "$1") || {
    printf '%s is not available: %s\n' "$1" "$(field Error <<<"$description")"
    return 1
  } >&2
  printf '%s\n' "$description"
}

field() { sed -nE "s/^\t\"$1\": \"(.*)\",?$/\1/p"; }

main "$@"
