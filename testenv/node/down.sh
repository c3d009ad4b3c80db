#!/usr/bin/env bash
# Stops the node and takes its link and cgroups away. Programs, images and the build cache stay
# (down.sh --wipe also removes $NODE_HOME).
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
quiet=0 wipe=0
for a in "$@"; do case $a in --quiet) quiet=1;; --wipe) wipe=1;; *) die "unknown: $a";; esac; done

if pid=$(init_pid); then
  kill -TERM "$pid" 2>/dev/null || true
  for _ in $(seq 50); do init_pid >/dev/null || break; sleep 0.1; done
  if pid=$(init_pid); then kill -KILL "$pid" 2>/dev/null || true; fi
  for _ in $(seq 100); do init_pid >/dev/null || break; sleep 0.1; done
  init_pid >/dev/null && die "process 1 ($pid) does not end"
fi
rm -f "$RUN/init.pid"
if ip link show "$NODE_LINK" >/dev/null 2>&1; then ip link del "$NODE_LINK" 2>/dev/null || true; fi
if [ -f "$RUN/cgroups" ]; then
  left=0
  while read -r cg; do
    for _ in $(seq 20); do
      [ -d "$cg" ] || break
      find "$cg" -depth -type d -exec rmdir {} + 2>/dev/null || true
      [ -d "$cg" ] && sleep 0.1
    done
    [ ! -d "$cg" ] || { say "cgroup left: $cg" >&2; left=1; }
  done < "$RUN/cgroups"
  [ $left = 1 ] || rm -f "$RUN/cgroups"
fi
[ $wipe = 0 ] || rm -rf "$NODE_HOME"
[ $quiet = 1 ] || say "down"
