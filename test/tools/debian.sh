#!/usr/bin/env bash
# debian.sh FOLDER: makes FOLDER/root, a minimal Debian 12 with apt and systemd, from the mirror that this machine uses.
set -euo pipefail

folder=$1
export DEBIAN_FRONTEND=noninteractive
install=(apt-get install -y -q --no-install-recommends mmdebstrap)
command -v mmdebstrap >/dev/null || "${install[@]}" || { apt-get update -q && "${install[@]}"; }
rm -rf "$folder"
mkdir -p "$folder"
# --mode=root: the files belong to root, as on a real machine
mmdebstrap --mode=root --variant=apt --include=systemd,systemd-sysv bookworm "$folder/root.unfinished" \
  http://deb.debian.org/debian
mv "$folder/root.unfinished" "$folder/root"
