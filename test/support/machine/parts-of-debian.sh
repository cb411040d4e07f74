# BASE FOLDER: the machine is the Debian in BASE, which stays as it is: what the machine changes goes to FOLDER.
# FOLDER/shared is its /mnt. It has the host's network.

lay_out() {
  mkdir -p "$2/changes" "$2/work" "$root"
  mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/changes,workdir=$2/work" "$root"
  mount --bind "$2/shared" "$root/mnt"
}

complete() {
  mount -t tmpfs -o mode=1777 tmpfs tmp
  cp /etc/resolv.conf etc/resolv.conf
}
