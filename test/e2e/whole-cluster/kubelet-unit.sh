#!/usr/bin/env bash
# kubelet-unit.sh KUBELET: does what kubeadm's systemd unit does (10-kubeadm.conf). It runs the kubelet as soon as kubeadm
# has configured it, and restarts it when it exits. /run/kubelet.pid has its process id.
while sleep 1; do
  [ -s /var/lib/kubelet/config.yaml ] || continue
  KUBELET_KUBEADM_ARGS=
  [ ! -f /var/lib/kubelet/kubeadm-flags.env ] || . /var/lib/kubelet/kubeadm-flags.env
  # shellcheck disable=SC2086 # they are several words
  "$1" --bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf \
    --config=/var/lib/kubelet/config.yaml $KUBELET_KUBEADM_ARGS &
  echo $! >/run/kubelet.pid
  wait
done
