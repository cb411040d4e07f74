#!/bin/sh
# boot.sh ROOT SHARED NODE: in new namespaces, builds a machine under ROOT and becomes its systemd.
# /usr is the host's, read-only; everything else is in memory, except SHARED: its etc-kubernetes is /etc/kubernetes, its
# opt is /opt. It has only those units of the host that every machine needs: no clock, no modules, no sysctl.
set -eu
root=$1 shared=$2 node=$3

mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$root"
cd "$root"
mkdir -p usr proc sys tmp run opt dev/shm root var/lib/kubelet/pki var/log etc/kubernetes etc/systemd/system
for link in bin sbin lib lib64; do [ ! -L "/$link" ] || ln -s "usr/$link" "$link"; done
mount --bind /usr usr
mount -o remount,bind,ro usr
mount -t tmpfs -o mode=755 tmpfs usr/lib/systemd/system
for unit in basic local-fs local-fs-pre multi-user network network-online paths shutdown slices sockets swap sysinit \
  timers time-set time-sync umount; do
  cp "/usr/lib/systemd/system/$unit.target" usr/lib/systemd/system/
done
cp /usr/lib/systemd/system/systemd-journald*.service /usr/lib/systemd/system/systemd-journald*.socket usr/lib/systemd/system/
mkdir usr/lib/systemd/system/sockets.target.wants
ln -s ../systemd-journald.socket ../systemd-journald-dev-log.socket usr/lib/systemd/system/sockets.target.wants/

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

mount --bind "$shared/etc-kubernetes" etc/kubernetes
mount --bind "$shared/opt" opt
touch opt/node
mount --bind "$node" opt/node
printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >etc/passwd
printf 'root:x:0:\nnogroup:x:65534:\n' >etc/group
od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >etc/machine-id
cp -R "$shared"/units/. etc/systemd/system/

pivot_root . tmp
cd /
umount -l /tmp
exec env -i container=trial PATH=/usr/sbin:/usr/bin setpriv \
  --bounding-set=-sys_module,-sys_time,-sys_boot,-sys_rawio,-syslog,-mac_admin,-mac_override,-wake_alarm,-audit_control \
  /usr/lib/systemd/systemd --system --unit=multi-user.target --log-target=journal --show-status=0
