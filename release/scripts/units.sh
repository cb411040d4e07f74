#!/bin/sh
# Shared by the maintainer scripts of both formats: cleans up after `cakeless install-timer`, `cakeless install-csrsigning`
# and `systemctl enable`.
set -e

timer=cakeless-renew.timer
service=cakeless-renew.service
at_boot=cakeless-restore-manifests.service
forwarder=cakeless-csrsigning.service
written=/etc/systemd/system
stamps=/var/lib/systemd/timers
program=/usr/bin/cakeless

# In a chroot, systemctl can still enable and disable.
have_systemctl() { command -v systemctl >/dev/null 2>&1; }
systemd_runs() { [ -d /run/systemd/system ] && have_systemctl; }

reload_units() {
  if systemd_runs; then systemctl daemon-reload || true; fi
}

# A unit in /etc may run the program of another installation, such as one in /usr/local. It is left alone. The timer and
# the unit at boot belong to $service.
is_ours() {
  [ ! -e "$written/$1" ] ||
    grep -Eq '^ExecStart=/usr/(bin/cakeless|bin/node[^ ]* -- /usr/share/cakeless/cakeless\.mjs) ' "$written/$1"
}

renewal_runs() { systemd_runs && systemctl --quiet is-active "$service"; }

refuse_during_renewal() {
  if renewal_runs; then
    echo 'cakeless: the renewal is still in progress; nothing was changed: retry later' >&2
    return 1
  fi
}

# A renewal loads parts of the program while it runs, and another run would have to resume an interrupted one.
wait_for_renewal() {
  tries=0
  while renewal_runs && [ "$tries" -le 600 ]; do
    if [ "$tries" -eq 0 ]; then echo 'cakeless: a renewal is in progress; waiting for it to finish (up to 20m)'; fi
    tries=$((tries + 1))
    sleep 2
  done
  refuse_during_renewal
}

# After an upgrade, a running forwarder would keep the old program, of which the bundle loads parts later.
restart_forwarder() {
  if systemd_runs && is_ours "$forwarder"; then systemctl --quiet try-restart "$forwarder" || true; fi
}

# A package that takes the place of this one cannot know what was enabled.
say_disabled() {
  if systemctl --quiet is-enabled "$1" 2>/dev/null; then
    echo "cakeless: $1 is disabled; after another installation, run cakeless $2"
  fi
}

# First what can refuse: a removal that is refused changes nothing.
stop_units() {
  stop_timer
  stop_forwarder
}

stop_forwarder() {
  if ! is_ours "$forwarder" || ! have_systemctl; then return 0; fi
  if systemd_runs; then systemctl --quiet stop "$forwarder" || true; fi
  say_disabled "$forwarder" install-csrsigning
  systemctl --quiet disable "$forwarder" 2>/dev/null || true
}

stop_timer() {
  if ! is_ours "$service" || ! have_systemctl; then return 0; fi
  if systemd_runs && systemctl --quiet is-active "$timer"; then
    # it must not start a renewal that nobody waits for
    systemctl --quiet stop "$timer"
    if ! wait_for_renewal; then
      systemctl --quiet start "$timer"
      exit 1
    fi
  else
    wait_for_renewal
  fi
  say_disabled "$timer" install-timer
  systemctl --quiet disable "$timer" "$at_boot" 2>/dev/null || true
}

# The node's files stay: /etc/kubernetes with its certificates, cakeless.yaml, cakeless.env and the state of Cakeless.
remove_traces() {
  # with the program of the other package there, the units are that one's: this one was replaced by it, or is purged later
  if [ ! -e "$program" ]; then
    if is_ours "$service"; then
      rm -f "$written/$timer" "$written/$service" "$written/$at_boot"
      # when the timer last ran (Persistent=)
      rm -f "$stamps/stamp-$timer"
    fi
    if is_ours "$forwarder"; then rm -f "$written/$forwarder"; fi
  fi
  reload_units
  if systemd_runs; then systemctl --quiet reset-failed "$service" "$at_boot" "$forwarder" 2>/dev/null || true; fi
}
