#!/usr/bin/env bash
# Process 1 of the node: runs in mount, network, pid, uts, ipc and cgroup namespaces that up.sh made.
# When it ends, the kernel ends everything in the pid namespace and drops every mount, link and rule with it.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
trap 'exit 0' TERM INT   # process 1 gets no signal it has no handler for
export PATH=$BIN:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# --- mounts: private first, so that nothing here reaches the host, then shared among ourselves ------------
mount --make-rprivate /
mount -t proc proc /proc
umount -R /sys
mount -t sysfs sysfs /sys
mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup
while read -r mp _ ctl; do
  mkdir -p "$mp"
  case $ctl in name=*) mount -t cgroup -o "none,$ctl" cgroup "$mp";; *) mount -t cgroup -o "$ctl" cgroup "$mp";; esac
done < "$RUN/hierarchies"
mount --bind "$NODE_HOME/var" /var
mount -t tmpfs -o mode=755 tmpfs /run
# The kubelet insists on these machine-wide settings and would write them for the whole host: show it files.
mkdir -p /run/sysctl
fake() { echo "$2" > "/run/sysctl/$1"; mount --bind "/run/sysctl/$1" "/proc/sys/${1//.//}"; }
fake vm.overcommit_memory 1; fake vm.panic_on_oom 0; fake kernel.panic 10; fake kernel.panic_on_oops 1
fake kernel.keys.root_maxkeys 1000000; fake kernel.keys.root_maxbytes 25000000
mount --make-rshared /
hostname "$NODE_NAME"
printf '127.0.0.1 localhost\n%s %s\n' "$NODE_IP" "$NODE_NAME" > /run/hosts; mount --bind /run/hosts /etc/hosts

# --- network ------------------------------------------------------------------------------------------------
ip link set lo up
for _ in $(seq 100); do ip link show eth0 >/dev/null 2>&1 && break; sleep 0.05; done
ip addr add "$NODE_IP/30" dev eth0
ip link set eth0 up
ip route add "$SVC_CIDR" via "$HOST_IP"      # never used: only lets local processes address a service at all
echo 1 > /proc/sys/net/ipv4/ip_forward
# no default route: the node reaches itself, its pods and $HOST_IP, nothing else

# --- processes ----------------------------------------------------------------------------------------------
keep() { # keep <name> <command...>: run it, and again when it ends
  local name=$1; shift
  ( while :; do "$@" >> "$LOG/$name.log" 2>&1 || true; echo "--- $name ended, again" >> "$LOG/$name.log"; sleep 1; done ) &
}
C=$RUN/conf
keep etcd etcd --data-dir /var/lib/etcd --listen-client-urls "http://127.0.0.1:$ETCD_PORT" \
  --advertise-client-urls "http://127.0.0.1:$ETCD_PORT" --listen-peer-urls "http://127.0.0.1:$((ETCD_PORT + 10))" \
  --initial-advertise-peer-urls "http://127.0.0.1:$((ETCD_PORT + 10))" \
  --initial-cluster "default=http://127.0.0.1:$((ETCD_PORT + 10))" --unsafe-no-fsync --log-level warn
keep containerd containerd --config "$C/containerd.toml"
keep kube-apiserver kube-apiserver --etcd-servers "http://127.0.0.1:$ETCD_PORT" \
  --bind-address "$NODE_IP" --advertise-address "$NODE_IP" --secure-port "$API_PORT" --cert-dir "$RUN/apiserver" \
  --tls-cert-file "$PKI/apiserver.crt" --tls-private-key-file "$PKI/apiserver.key" --client-ca-file "$PKI/ca.crt" \
  --kubelet-client-certificate "$PKI/apiserver-kubelet.crt" --kubelet-client-key "$PKI/apiserver-kubelet.key" \
  --kubelet-certificate-authority "$PKI/ca.crt" --kubelet-preferred-address-types InternalIP \
  --service-account-issuer https://kubernetes.default.svc.cluster.local \
  --service-account-key-file "$PKI/sa.pub" --service-account-signing-key-file "$PKI/sa.key" \
  --requestheader-client-ca-file "$PKI/front-ca.crt" --requestheader-allowed-names front-proxy \
  --requestheader-extra-headers-prefix X-Remote-Extra- --requestheader-group-headers X-Remote-Group \
  --requestheader-username-headers X-Remote-User \
  --proxy-client-cert-file "$PKI/front-proxy.crt" --proxy-client-key-file "$PKI/front-proxy.key" \
  --authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction \
  --service-cluster-ip-range "$SVC_CIDR" --allow-privileged=true ${APISERVER_ARGS:-}
until curl -fsS --cacert "$PKI/ca.crt" --cert "$PKI/admin.crt" --key "$PKI/admin.key" --max-time 2 \
  "https://$NODE_IP:$API_PORT/readyz" >/dev/null 2>&1; do sleep 0.2; done
keep kube-controller-manager kube-controller-manager --kubeconfig "$RUN/kcm.kubeconfig" --bind-address 127.0.0.1 \
  --leader-elect=false --use-service-account-credentials --service-account-private-key-file "$PKI/sa.key" \
  --root-ca-file "$PKI/ca.crt" --cluster-signing-cert-file "$PKI/ca.crt" --cluster-signing-key-file "$PKI/ca.key" \
  --kube-api-qps 300 --kube-api-burst 600 --flex-volume-plugin-dir /var/lib/kubelet/volumeplugins ${KCM_ARGS:-}
keep kube-scheduler kube-scheduler --kubeconfig "$RUN/scheduler.kubeconfig" --bind-address 127.0.0.1 --leader-elect=false
keep kube-proxy kube-proxy --config "$C/kube-proxy.yaml" --hostname-override "$NODE_NAME"
keep kubelet kubelet --config "$C/kubelet.yaml" --kubeconfig "$RUN/kubelet.kubeconfig" \
  --hostname-override "$NODE_NAME" --node-ip "$NODE_IP" --v "${KUBELET_V:-2}"

while :; do wait -n || true; done
