#!/bin/sh
# try-rpm.sh BASE FOLDER PACKAGE NAME COMMAND…: in a new mount namespace, installs an .rpm package in a copy of the root
# BASE and removes it. Writes the output of COMMAND in that root to FOLDER/before, FOLDER/installed and FOLDER/after.
# --nodeps: the root is Debian's, and its packages are unknown to rpm.
set -eu
base=$1 folder=$2 package=$3 name=$4 root=$2/root
shift 4

mount --make-rprivate /
mkdir "$folder/changes" "$folder/work" "$root"
mount -t overlay overlay -o "lowerdir=$base,upperdir=$folder/changes,workdir=$folder/work" "$root"
# the executable is linked with it; on Fedora, dnf would install it
cp /usr/lib/x86_64-linux-gnu/libatomic.so.1 "$root/usr/lib/x86_64-linux-gnu/"
rpm --root "$root" --initdb
chroot "$root" "$@" >"$folder/before"
rpm --root "$root" --nodeps --install "$package"
chroot "$root" "$@" >"$folder/installed"
# the bundle needs Node.js, which the root has not
if [ "$name" = cakeless ]; then chroot "$root" cakeless --version; fi
chroot "$root" systemctl --quiet enable cakeless-renew.timer cakeless-csrsigning.service
rpm --root "$root" --erase "$name"
chroot "$root" "$@" >"$folder/after"
