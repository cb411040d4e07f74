#!/usr/bin/env bash
# arm64.sh FOLDER: what it takes to run a dynamically linked program for arm64 on another processor, from Debian's
# packages, unpacked into FOLDER and not installed: `emulator` (QEMU's user emulation, static) and `lib/` (the C and C++
# libraries). Needs apt and dpkg; apt checks what it downloads against Debian's signatures.
set -euo pipefail
exec </dev/null

packages=(qemu-user-static libc6-arm64-cross libstdc++6-arm64-cross libgcc-s1-arm64-cross libatomic1-arm64-cross)

mkdir -p "$1"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work" # apt downloads as a user of its own
cd "$work"
# lists are there already on most machines; old ones name packages that are gone
apt-get -q download "${packages[@]}" || { apt-get -q update && apt-get -q download "${packages[@]}"; }
for package in *.deb; do dpkg -x "$package" unpacked; done
rm -rf "$1/lib"
cp -rL unpacked/usr/aarch64-linux-gnu/lib "$1/lib"
cp unpacked/usr/bin/qemu-aarch64-static "$1/emulator"
"$1/emulator" --version
