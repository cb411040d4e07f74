#!/bin/sh
# boot.sh PARTS ROOT ARG…: in new namespaces, builds a machine under ROOT and becomes its systemd. The script PARTS defines
# lay_out, which mounts what is below ROOT, and complete, which adds what needs the machine's /dev and /run. Both get ARG…
set -eu
parts=$1 root=$2
shift 2
. "$parts"

mount --make-rprivate /
lay_out "$@"
cd "$root"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs dev
mkdir dev/shm dev/pts dev/mqueue
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
mount -t mqueue mqueue dev/mqueue
for device in null zero full random urandom tty; do
  touch "dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
touch dev/trial # a substitute for a disk
ln -s /proc/self/fd dev/fd
ln -s pts/ptmx dev/ptmx # PrivateDevices= looks for it
mount -t tmpfs -o mode=755 tmpfs run
complete "$@"

mkdir run/host
pivot_root . run/host
cd /
umount -l /run/host
exec env -i container=trial PATH=/usr/sbin:/usr/bin setpriv \
  --bounding-set=-sys_module,-sys_time,-sys_boot,-sys_rawio,-syslog,-mac_admin,-mac_override,-wake_alarm,-audit_control \
  /usr/lib/systemd/systemd --system --unit=multi-user.target --log-target=journal --show-status=0
