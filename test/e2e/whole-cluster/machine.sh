#!/usr/bin/env bash
# machine.sh NAME FOLDER ETC GROUP…: a machine of its own, as far as kubeadm, a kubelet and a container runtime can tell.
# It has its own network, host name, processes, IPC, control groups and mounts; /run, /var/lib, /var/log and /etc/cni are
# empty and in memory, /etc/kubernetes is ETC. This process stays as its first one and takes in
# orphans: the machine lives as long as it does, and everything on the machine ends with it.
# GROUP…: the folder of its control group in each hierarchy, made before. Says "ready" when it is.
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

# With a control group namespace, a fresh mount of a hierarchy shows the machine's group as the root. runc takes the first
# mount that it finds, so the old ones have to go. /sys itself is renewed for the devices of the machine's network.
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

# A kubelet sets these for the whole kernel, not for its namespaces, and only where they differ. Here it reads what it
# wants to read, and the machine that all this runs on stays as it was.
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
