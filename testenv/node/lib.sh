# Shared by the scripts of this folder; sourced, never run. Everything has a default and can be set from outside.
# Everything that the node owns is under here, beside what else the tests need.
NODE_HOME=${NODE_HOME:-${CONTACTSYNC_TESTENV:-${XDG_CACHE_HOME:-$HOME/.cache}/contactsync/testenv}/node}
NODE_NAME=${NODE_NAME:-node1}
NODE_NET=${NODE_NET:-192.168.231}            # host side .1, node side .2 (a /30 on a veth pair of our own)
NODE_LINK=${NODE_LINK:-kn0}                  # the host's end of that veth pair
NODE_CGROUP=${NODE_CGROUP:-knode}            # made below this shell's own cgroup, in every v1 hierarchy
API_PORT=${API_PORT:-36443}
ETCD_PORT=${ETCD_PORT:-33790}                # in the node's own network namespace
POD_CIDR=${POD_CIDR:-10.244.0.0/24}
SVC_CIDR=${SVC_CIDR:-10.96.0.0/16}
WITH_COREDNS=${WITH_COREDNS:-1}
HOST_IP=$NODE_NET.1
NODE_IP=$NODE_NET.2
SVC_API=${SVC_CIDR%.*.*}.0.1
SVC_DNS=${SVC_CIDR%.*.*}.0.10
BIN=${NODE_BIN:-$NODE_HOME/bin}             # two nodes can share one set of programs
RUN=$NODE_HOME/run
LOG=$NODE_HOME/log
PKI=$NODE_HOME/pki
KUBECONFIG_ADMIN=$NODE_HOME/kubeconfig
SOCK=$RUN/containerd.sock
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

say() { printf '%(%H:%M:%S)T node: %s\n' -1 "$*"; }
die() { say "$*" >&2; exit 1; }

started_at() { # start time of a pid in clock ticks: tells a pid from a later one with the same number
  local s; s=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  s=${s##*) }; set -- $s; echo "${20}"
}
init_pid() { # host-side pid of the node's process 1, when it is alive and really ours
  local pid start
  { read -r pid start < "$RUN/init.pid"; } 2>/dev/null || return 1
  [ "$(started_at "$pid")" = "$start" ] || return 1
  echo "$pid"
}
in_node() { nsenter -t "$(init_pid)" --mount --net --pid --uts --ipc --cgroup -- "$@"; }
k() { "$BIN/kubectl" --kubeconfig "$KUBECONFIG_ADMIN" "$@"; }

# Every cgroup v1 hierarchy of the host, as "<mount point> <this process's cgroup in it> <controllers>".
v1_hierarchies() {
  local mp type opts o ctl path
  while read -r _ mp type opts _; do
    [ "$type" = cgroup ] || continue
    ctl=
    for o in ${opts//,/ }; do
      case $o in
        rw|ro|nosuid|nodev|noexec|*atime|seclabel|xattr|clone_children|release_agent=*) ;;
        *) ctl+=${ctl:+,}$o ;;
      esac
    done
    path=$(awk -F: -v c="$ctl" '$2 == c { print $3 }' /proc/self/cgroup)
    [ -n "$path" ] && echo "$mp $path $ctl"
  done < /proc/mounts
}
