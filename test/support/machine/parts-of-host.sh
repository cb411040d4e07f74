# SHARED NODE: /usr is the host's, read-only; everything else is in memory, except SHARED: its etc-kubernetes is
# /etc/kubernetes, its opt is /opt. The machine has only those units of the host that every machine needs: no clock, no
# modules, no sysctl.

lay_out() {
  mount -t tmpfs -o mode=755 tmpfs "$root"
  cd "$root"
  mkdir -p usr proc sys tmp run opt dev root var/lib/kubelet/pki var/log etc/kubernetes etc/systemd/system
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
}

complete() {
  mount --bind "$1/etc-kubernetes" etc/kubernetes
  mount --bind "$1/opt" opt
  touch opt/node
  mount --bind "$2" opt/node
  printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >etc/passwd
  printf 'root:x:0:\nnogroup:x:65534:\n' >etc/group
  od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >etc/machine-id
  cp -R "$1"/units/. etc/systemd/system/
}
