#!/bin/sh
# boot.sh BASE FOLDER: in new namespaces, builds a machine from the Debian in BASE and becomes its systemd.
# What the machine changes goes to FOLDER, and BASE stays as it is. FOLDER/shared is its /mnt. It has the host's network.
set -eu
base=$1 folder=$2 root=$2/root

mount --make-rprivate /
mkdir -p "$folder/changes" "$folder/work" "$root"
mount -t overlay overlay -o "lowerdir=$base,upperdir=$folder/changes,workdir=$folder/work" "$root"
cd "$root"
mount --bind "$folder/shared" mnt
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs dev
mkdir dev/shm dev/pts
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
for device in null zero full random urandom tty; do
  touch "dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
ln -s /proc/self/fd dev/fd
ln -s pts/ptmx dev/ptmx
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
cp /etc/resolv.conf etc/resolv.conf

mkdir run/host
pivot_root . run/host
cd /
umount -l /run/host
exec env -i container=trial PATH=/usr/sbin:/usr/bin setpriv \
  --bounding-set=-sys_module,-sys_time,-sys_boot,-sys_rawio,-syslog,-mac_admin,-mac_override,-wake_alarm,-audit_control \
  /usr/lib/systemd/systemd --system --unit=multi-user.target --log-target=journal --show-status=0
