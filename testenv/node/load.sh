#!/usr/bin/env bash
# load.sh IMAGE.tar ...  : import image archives (OCI or docker save) into the running node.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
init_pid >/dev/null || die "the node is not running"
for f in "$@"; do in_node "$BIN/ctr" -a "$SOCK" -n k8s.io images import --local "$(realpath "$f")" \
    2> >(grep -v "DEPRECATION: The support for cgroup v1" >&2); done
