#!/usr/bin/env bash
# machine.sh NAME FOLDER ETC GROUP…: what kubeadm, a kubelet and a container runtime see as a machine. It has its own
# network, host name, processes, IPC, control groups and mounts. /run, /var/lib, /var/log and /etc/cni are empty and in
# memory, and /etc/kubernetes is ETC. This process becomes the first process of the machine and reaps orphans; when it
# ends, everything on the machine ends.
# GROUP…: the folder of its control group in each hierarchy, which has to exist. Prints "ready" when the machine is ready.
set -euo pipefail

main() {
  if [ "$1" != inside ]; then
    join_groups "${@:4}"
    exec unshare --net --mount --uts --ipc --pid --cgroup --fork --kill-child=SIGKILL --mount-proc bash "$0" inside "$1" "$2" "$3"
  fi
  hostname "$2"
  own_control_groups
  guard_tunables "$3"
  own_folders "$4"
  echo ready
  sleep infinity &
  wait
}

# "0" is the writer itself.
join_groups() {
  local group
  for group in "$@"; do echo 0 >"$group/cgroup.procs"; done
}

# In a control group namespace, a new mount of a hierarchy shows the machine's group as the root. runc uses the first mount
# that it finds, so the old ones are removed. /sys itself is mounted again for the devices of the machine's network.
own_control_groups() {
  local controllers folder
  umount -l -R /sys
  mount -t sysfs sysfs /sys
  mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup
  while IFS=: read -r _ controllers _; do
    [ -n "$controllers" ] || continue # the hierarchy of version 2, without controllers here
    folder=/sys/fs/cgroup/${controllers#name=}
    mkdir "$folder"
    mount -t cgroup -o "${controllers/#name=/none,name=}" cgroup "$folder"
  done </proc/self/cgroup
}

# A kubelet sets these for the whole kernel, not for its namespaces, if they differ. With these files it reads the values
# that it expects, and the host is not changed.
guard_tunables() {
  local name value
  mkdir -p "$1/tunables"
  while read -r name value; do
    echo "$value" >"$1/tunables/${name//\//-}"
    mount --bind "$1/tunables/${name//\//-}" "/proc/sys/$name"
  done <<END
vm/overcommit_memory 1
vm/panic_on_oom 0
kernel/panic 10
kernel/panic_on_oops 1
kernel/keys/root_maxkeys 1000000
kernel/keys/root_maxbytes 25000000
END
  echo 1 >/proc/sys/net/ipv4/ip_forward
}

own_folders() {
  local path
  mkdir -p /etc/cni
  for path in /run /var/lib /var/log /etc/cni; do mount -t tmpfs -o mode=755 tmpfs "$path"; done
  mount --bind "$1" /etc/kubernetes
  mkdir /var/lib/kubelet
  mount --bind /var/lib/kubelet /var/lib/kubelet
  mount --make-shared /var/lib/kubelet # volumes are mounted there and must be seen in containers
}

main "$@"
