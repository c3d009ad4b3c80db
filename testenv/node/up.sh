#!/usr/bin/env bash
# Starts a one-node Kubernetes cluster whose kubelet really runs containers. Needs root; needs no Docker, no systemd,
# no registry. Everything runs in namespaces of its own; the host sees one veth link and one cgroup per hierarchy.
# Each start is a new, empty cluster. See README.md.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ "$(id -u)" = 0 ] || die "needs root"
if init_pid >/dev/null; then die "already running (down.sh stops it)"; fi
T0=$SECONDS

# --- what has to be there -----------------------------------------------------------------------------------
missing=()
command -v nft >/dev/null || missing+=(nftables)
for c in unshare nsenter ip openssl curl python3 gcc go; do command -v $c >/dev/null || die "no $c"; done
progs=(etcd kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl helm containerd
       containerd-shim-runc-v2 ctr runc ptp loopback host-local portmap)
[ "$WITH_COREDNS" = 1 ] && progs+=(coredns)
build=0; for p in "${progs[@]}"; do [ -x "$BIN/$p" ] || build=1; done
if [ $build = 1 ] && [ ! -x "$BIN/runc" ] && ! [ -e /usr/include/seccomp.h ]; then missing+=(libseccomp-dev pkg-config); fi
if [ ${#missing[@]} -gt 0 ]; then
  say "apt: ${missing[*]}"
  nice -n 10 apt-get -qq update && nice -n 10 apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
fi
[ $build = 0 ] || "$HERE/build.sh"

"$HERE/down.sh" --quiet
mkdir -p "$RUN/conf" "$LOG" "$PKI" "$NODE_HOME/images" "$NODE_HOME"/var/{lib,log,tmp,cache}
rm -rf "$NODE_HOME"/var/lib "$NODE_HOME"/var/log "$LOG"/*.log
mkdir -p "$NODE_HOME"/var/{lib/kubelet,log/pods,log/containers}
ln -sfn /run "$NODE_HOME/var/run"

# --- keys ---------------------------------------------------------------------------------------------------
if [ ! -f "$PKI/made-for-$NODE_IP-$SVC_API-$NODE_NAME" ]; then
  rm -f "$PKI"/*
  newkey() { openssl ecparam -name prime256v1 -genkey -noout -out "$PKI/$1.key"; }
  ca() { newkey "$1"; openssl req -x509 -new -key "$PKI/$1.key" -subj "/CN=$1" -days 3650 -out "$PKI/$1.crt" \
           -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,digitalSignature; }
  cert() { # cert <file> <ca> <subject> [<subjectAltName>]
    newkey "$1"
    openssl req -new -key "$PKI/$1.key" -subj "$3" -out "$PKI/$1.csr"
    { echo "keyUsage=critical,digitalSignature"; echo "extendedKeyUsage=serverAuth,clientAuth"
      echo "basicConstraints=critical,CA:FALSE"; [ -z "${4:-}" ] || echo "subjectAltName=$4"; } > "$PKI/$1.ext"
    openssl x509 -req -in "$PKI/$1.csr" -CA "$PKI/$2.crt" -CAkey "$PKI/$2.key" -CAcreateserial -days 3650 \
      -extfile "$PKI/$1.ext" -out "$PKI/$1.crt" 2>/dev/null
    rm -f "$PKI/$1.csr" "$PKI/$1.ext"
  }
  umask 077
  ca ca; ca front-ca
  cert apiserver ca /CN=kube-apiserver "DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,DNS:localhost,IP:127.0.0.1,IP:$NODE_IP,IP:$SVC_API"
  cert apiserver-kubelet ca /O=system:masters/CN=apiserver-kubelet
  cert admin ca /O=system:masters/CN=admin
  cert kcm ca /CN=system:kube-controller-manager
  cert scheduler ca /CN=system:kube-scheduler
  cert proxy ca /CN=system:kube-proxy
  cert kubelet ca "/O=system:nodes/CN=system:node:$NODE_NAME" "DNS:$NODE_NAME,IP:$NODE_IP"
  cert front-proxy front-ca /CN=front-proxy
  openssl genrsa -out "$PKI/sa.key" 2048 2>/dev/null; openssl rsa -in "$PKI/sa.key" -pubout -out "$PKI/sa.pub" 2>/dev/null
  umask 022
  touch "$PKI/made-for-$NODE_IP-$SVC_API-$NODE_NAME"
fi
kubeconfig() { # kubeconfig <file> <cert>
  ( umask 077; cat > "$1" <<Y
apiVersion: v1
kind: Config
current-context: node
clusters: [{name: node, cluster: {server: "https://$NODE_IP:$API_PORT", certificate-authority-data: $(base64 -w0 "$PKI/ca.crt")}}]
contexts: [{name: node, context: {cluster: node, user: node}}]
users: [{name: node, user: {client-certificate-data: $(base64 -w0 "$PKI/$2.crt"), client-key-data: $(base64 -w0 "$PKI/$2.key")}}]
Y
  )
}
kubeconfig "$KUBECONFIG_ADMIN" admin; kubeconfig "$RUN/kcm.kubeconfig" kcm
kubeconfig "$RUN/scheduler.kubeconfig" scheduler; kubeconfig "$RUN/proxy.kubeconfig" proxy
kubeconfig "$RUN/kubelet.kubeconfig" kubelet

# --- configuration ------------------------------------------------------------------------------------------
C=$RUN/conf
cat > "$C/containerd.toml" <<Y
version = 3
root = "/var/lib/containerd"
state = "/run/containerd"
oom_score = 0
[grpc]
  address = "$SOCK"
[ttrpc]
  address = "$RUN/containerd.ttrpc.sock"
[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = "node.local/pause:1"
[plugins."io.containerd.cri.v1.runtime"]
  disable_apparmor = true
  enable_selinux = false
  restrict_oom_score_adj = true
  tolerate_missing_hugetlb_controller = true
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["$BIN"]
    conf_dir = "$C/cni"
  [plugins."io.containerd.cri.v1.runtime".containerd]
    default_runtime_name = "runc"
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
        BinaryName = "$BIN/runc"
        SystemdCgroup = false
Y
mkdir -p "$C/cni"
cat > "$C/cni/10-node.conflist" <<Y
{"cniVersion": "1.0.0", "name": "node", "plugins": [
  {"type": "ptp", "ipMasq": true, "ipMasqBackend": "nftables",
   "ipam": {"type": "host-local", "dataDir": "/run/cni-ipam", "ranges": [[{"subnet": "$POD_CIDR"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "backend": "nftables", "capabilities": {"portMappings": true}}]}
Y
dns=; [ "$WITH_COREDNS" = 1 ] && dns="clusterDNS: [$SVC_DNS]"
: > "$C/resolv.conf"
cat > "$C/kubelet.yaml" <<Y
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $NODE_IP
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $PKI/ca.crt}}
authorization: {mode: Webhook}
tlsCertFile: $PKI/kubelet.crt
tlsPrivateKeyFile: $PKI/kubelet.key
containerRuntimeEndpoint: unix://$SOCK
cgroupDriver: cgroupfs
failCgroupV1: false
failSwapOn: false
oomScoreAdj: 0
makeIPTablesUtilChains: false
volumePluginDir: /var/lib/kubelet/volumeplugins
resolvConf: $C/resolv.conf
clusterDomain: cluster.local
$dns
imagePullCredentialsVerificationPolicy: NeverVerify
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
evictionHard: {memory.available: 100Mi, nodefs.available: 1%, nodefs.inodesFree: 1%, imagefs.available: 1%, imagefs.inodesFree: 1%}
Y
cat > "$C/kube-proxy.yaml" <<Y
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
clientConnection: {kubeconfig: $RUN/proxy.kubeconfig}
clusterCIDR: $POD_CIDR
bindAddress: $NODE_IP
healthzBindAddress: 127.0.0.1:10256
metricsBindAddress: 127.0.0.1:10249
oomScoreAdj: 0
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
nftables: {syncPeriod: 30s, minSyncPeriod: 200ms}
Y

# --- the pause image: the one process that holds a pod's namespaces ----------------------------------------
if [ ! -f "$NODE_HOME/images/pause.tar" ]; then
  cat > "$RUN/pause.c" <<'Y'
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
static void end(int s) { (void)s; _exit(0); }
static void reap(int s) { (void)s; while (waitpid(-1, NULL, WNOHANG) > 0) {} }
int main(void) { signal(SIGINT, end); signal(SIGTERM, end); signal(SIGCHLD, reap); for (;;) pause(); }
Y
  gcc -Os -static -s -o "$RUN/pause" "$RUN/pause.c"
  mkdir -p "$RUN/pause-root"; mv "$RUN/pause" "$RUN/pause-root/"
  "$HERE/../../image/archive.py" "$NODE_HOME/images/pause.tar" node.local/pause:1 --entrypoint /pause --user 65535:65535 --root "$RUN/pause-root" >/dev/null
fi
if [ "$WITH_COREDNS" = 1 ] && [ ! -f "$NODE_HOME/images/coredns.tar" ]; then
  mkdir -p "$RUN/coredns-root"; cp "$BIN/coredns" "$RUN/coredns-root/"
  "$HERE/../../image/archive.py" "$NODE_HOME/images/coredns.tar" node.local/coredns:1 --entrypoint /coredns --user 65532:65532 --root "$RUN/coredns-root" >/dev/null
fi

# --- start --------------------------------------------------------------------------------------------------
v1_hierarchies > "$RUN/hierarchies.host"
: > "$RUN/hierarchies"
while read -r mp path ctl; do
  cg=$mp${path%/}/$NODE_CGROUP
  mkdir -p "$cg"
  if [ -f "$cg/cpuset.cpus" ]; then
    cat "$cg/../cpuset.cpus" > "$cg/cpuset.cpus"; cat "$cg/../cpuset.mems" > "$cg/cpuset.mems"
  fi
  echo "$cg" >> "$RUN/cgroups"
  echo "$mp $path $ctl" >> "$RUN/hierarchies"
done < "$RUN/hierarchies.host"
[ -s "$RUN/cgroups" ] || die "no cgroup v1 hierarchy here: this script knows only those"

export NODE_HOME NODE_BIN=$BIN NODE_NAME NODE_NET NODE_LINK NODE_CGROUP API_PORT ETCD_PORT POD_CIDR SVC_CIDR WITH_COREDNS
setsid nice -n 10 bash -c '
  while read -r cg; do echo $$ > "$cg/cgroup.procs"; done < "$1/cgroups"
  exec unshare --mount --net --pid --uts --ipc --cgroup --fork --kill-child "$2/init.sh"
' node "$RUN" "$HERE" > "$LOG/init.log" 2>&1 < /dev/null &
outer=$!
pid=
for _ in $(seq 100); do
  pid=$(cat "/proc/$outer/task/$outer/children" 2>/dev/null | tr -d ' ') || true
  [ -n "$pid" ] && grep -q init.sh "/proc/$pid/cmdline" 2>/dev/null && break
  sleep 0.05
done
[ -n "$pid" ] || { cat "$LOG/init.log" >&2; die "process 1 did not start"; }
echo "$pid $(started_at "$pid")" > "$RUN/init.pid"

ip link add "$NODE_LINK" type veth peer name eth0 netns "$pid"
ip addr add "$HOST_IP/30" dev "$NODE_LINK"
ip link set "$NODE_LINK" up

up() { init_pid >/dev/null || { tail -20 "$LOG/init.log" >&2; die "process 1 ended"; }; }
waitfor() { # waitfor <what> <seconds> <command...>
  local what=$1 end=$((SECONDS + $2)); shift 2
  until "$@" >/dev/null 2>&1; do up; [ $SECONDS -lt $end ] || die "$what: not after all that time, see $LOG"; sleep 0.3; done
  say "$what (+$((SECONDS - T0)) s)"
}
waitfor "containerd answers" 60 in_node "$BIN/ctr" -a "$SOCK" version
for f in "$NODE_HOME"/images/*.tar; do "$HERE/load.sh" "$f" >/dev/null; done
say "images: $(ls "$NODE_HOME/images" | tr '\n' ' ')(+$((SECONDS - T0)) s)"
waitfor "API server ready" 120 k get --raw /readyz
k create clusterrolebinding node:kube-proxy --clusterrole=system:node-proxier --user=system:kube-proxy >/dev/null
[ "$WITH_COREDNS" = 1 ] && sed "s|@SVC_DNS@|$SVC_DNS|; s|@HOST_IP@|$HOST_IP|" "$HERE/coredns.yaml" | k apply -f - >/dev/null
waitfor "default service account" 60 k -n default get serviceaccount default
node_ready() { [ "$(k get node "$NODE_NAME" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}')" = True ]; }
waitfor "node Ready" 120 node_ready
[ "$WITH_COREDNS" != 1 ] || waitfor "CoreDNS ready" 120 k -n kube-system rollout status deployment/coredns --timeout=5s
say "up; to use it: export KUBECONFIG=$KUBECONFIG_ADMIN PATH=$BIN:\$PATH"
