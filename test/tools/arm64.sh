#!/usr/bin/env bash
# arm64.sh FOLDER: unpacks Debian's packages for running a dynamically linked arm64 program on another processor into
# FOLDER, without installing them: `emulator` (QEMU's user emulation, static) and `lib/` (the C and C++ libraries). Needs apt and dpkg; apt checks what it downloads against Debian's signatures.
set -euo pipefail
exec </dev/null

packages=(qemu-user-static libc6-arm64-cross libstdc++6-arm64-cross libgcc-s1-arm64-cross libatomic1-arm64-cross)

mkdir -p "$1"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work" # apt downloads as another user
cd "$work"
# most machines have lists, but old lists name packages that no longer exist
apt-get -q download "${packages[@]}" || { apt-get -q update && apt-get -q download "${packages[@]}"; }
for package in *.deb; do dpkg -x "$package" unpacked; done
rm -rf "$1/lib"
cp -rL unpacked/usr/aarch64-linux-gnu/lib "$1/lib"
cp unpacked/usr/bin/qemu-aarch64-static "$1/emulator"
"$1/emulator" --version
