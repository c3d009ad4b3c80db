#!/usr/bin/env bash
# Builds every program that the node needs and that is not in $NODE_BIN, from the Go module proxy: about 20 minutes, once.
# Versions and checksums are pinned in modules/. A program that is there is not built again (delete it to have it anew).
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

mkdir -p "$BIN"
exec 9>"$BIN/.lock"
flock 9
unset GOROOT
export GOFLAGS=-buildvcs=false GOWORK=off

build() { # build <module> <cgo 0|1> <tags> <ldflags> <package>...
  local module=$1 cgo=$2 tags=$3 ldflags=$4; shift 4
  local todo=() package
  for package in "$@"; do [ -x "$BIN/$(basename "$package")" ] || todo+=("$package"); done
  [ ${#todo[@]} -gt 0 ] || return 0
  local t0=$SECONDS
  ( cd "$HERE/modules/$module"
    CGO_ENABLED=$cgo nice -n 10 go build -mod=readonly -trimpath -p "${BUILD_JOBS:-2}" -tags "$tags" \
      -ldflags "-s -w $ldflags" -o "$BIN/" "${todo[@]}" )
  say "$module: built ${todo[*]##*/} in $((SECONDS - t0)) s"
}
version() { sed -n "s|^require $2 v||p; s|^\t$2 v\([^ ]*\).*|\1|p" "$HERE/modules/$1/go.mod" | head -1; }

k8s=$(version kubernetes k8s.io/kubernetes)
KP=k8s.io/kubernetes/cmd
KLD="-X k8s.io/component-base/version.gitVersion=v$k8s -X k8s.io/component-base/version.gitMajor=${k8s%%.*} -X k8s.io/component-base/version.gitMinor=$(cut -d. -f2 <<<"$k8s") -X k8s.io/client-go/pkg/version.gitVersion=v$k8s"
for program in kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl; do
  build kubernetes 0 "" "$KLD" $KP/$program
done

if [ ! -x "$BIN/etcd" ]; then
  # Its package is called v3.
  build etcd 0 "" "" go.etcd.io/etcd/server/v3
  for name in v3 server; do [ ! -x "$BIN/$name" ] || mv "$BIN/$name" "$BIN/etcd"; done
fi

CD=github.com/containerd/containerd/v2
build containerd 0 "no_btrfs no_aufs no_zfs no_devmapper" "-X $CD/version.Version=v$(version containerd $CD)" \
  $CD/cmd/containerd $CD/cmd/containerd-shim-runc-v2 $CD/cmd/ctr

# cgo: its nsenter part is C. libseccomp: without it a pod with the RuntimeDefault profile fails.
RC=github.com/opencontainers/runc
build runc 1 "seccomp netgo osusergo" "-X main.version=$(version runc $RC) -extldflags -static" $RC

CP=github.com/containernetworking/plugins/plugins
build cni 0 "" "" $CP/main/ptp $CP/main/loopback $CP/ipam/host-local $CP/meta/portmap

HM=helm.sh/helm/v4
build helm 0 "" "-X $HM/internal/version.version=v$(version helm $HM)" $HM/cmd/helm

[ "$WITH_COREDNS" != 1 ] || build coredns 0 "" "" github.com/coredns/coredns
