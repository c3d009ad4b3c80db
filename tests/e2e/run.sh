#!/usr/bin/env bash
# Proves the chart in a cluster where containers really run, with the commands that a user would type.
#
#   tests/e2e/run.sh                      in the one-node cluster of testenv/node, which is started and stopped (needs root)
#   KUBECONFIG=… tests/e2e/run.sh         in that cluster; it must be a test cluster: namespaces contactsync and support are
#                                         made, and removed at the end
# E2E_LOAD     for another cluster: the command that takes the image's archive in, such as "kind load image-archive"
# E2E_IMAGE    or an image that the cluster can pull, as REPOSITORY:TAG
# E2E_VALUES   more values of the chart, such as a storage class for ReadWriteMany
# E2E_KEEP=1   leave everything as it is at the end, to look around
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

work=$(mktemp -d)
node=testenv/node
own=
forward=
logs=
began=$SECONDS
checks=0
say() { printf '%4s s  %s\n' $((SECONDS - began)) "$*"; }
ok() { checks=$((checks + 1)); say "ok: $*"; }
die() { echo "FAILED: $*" >&2; exit 1; }

end() {
    local code=$?
    close_desk
    [ -z "$logs" ] || kill "$logs" 2>/dev/null || true
    if [ $code != 0 ] && [ -n "${KUBECONFIG:-}" ]; then
        kubectl get pods,jobs,leases,pvc -n contactsync -o wide || true
        kubectl get csc,kdw -A -o wide || true
        kubectl get events -n contactsync --sort-by=.lastTimestamp | tail -15 || true
        kubectl logs -n contactsync -l app.kubernetes.io/component=controller --tail=30 --prefix || true
    fi >&2
    if [ -z "${E2E_KEEP:-}" ]; then
        if [ -n "$own" ]; then
            "$node/down.sh" --quiet
        elif [ -n "${KUBECONFIG:-}" ]; then
            kubectl delete csc,kdw --all -n support --wait=false >/dev/null 2>&1 || true
            helm uninstall contactsync -n contactsync --wait >/dev/null 2>&1 || true
            kubectl delete namespace contactsync support --wait=false >/dev/null 2>&1 || true
        fi
    fi
    rm -rf "$work"
    exit $code
}
trap end EXIT

until_true() { # until_true <what> <seconds> <command...>
    local what=$1 deadline=$((SECONDS + $2)); shift 2
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $deadline ] || die "$what: not within its time"
        sleep 0.5
    done
}
of() { kubectl get csc -n support emea-sales -o "jsonpath={$1}"; }
is() { [ "$(of "$1")" = "$2" ]; }
holder() { kubectl get lease -n contactsync "$1" -o 'jsonpath={.spec.holderIdentity}'; }
held_by_another() { local now; now=$(holder contactsync) && [ -n "$now" ] && [ "$now" != "$1" ]; }
contacts() { # how many the desk has that are active
    curl -fsS --max-time 10 -G -H "Authorization: Bearer $token" --data-urlencode 'filter=active eq true' --data count=0 \
        http://127.0.0.1:28085/scim/v2/Users | sed 's/.*"totalResults": *\([0-9]*\).*/\1/'
}
close_desk() {
    [ -z "$forward" ] || { kill "$forward" && wait "$forward"; } 2>/dev/null || true
    forward=
}
open_desk() {
    # Its port must be free again.
    close_desk
    kubectl port-forward -n contactsync service/contactsync-kdesk 28085:8085 >"$work/forward.log" 2>&1 &
    forward=$!
    until_true "a way to the desk" 30 contacts
}
run_now() { # asks for a run, and waits until it is over
    local now="e2e-$1"
    kubectl annotate --overwrite --field-manager contactsync -n support csc/emea-sales "kdesk.seraphex.net/requestedAt=$now" >/dev/null
    until_true "the run $now" 90 is .status.lastHandledRequestedAt "$now"
    until_true "the end of the run $now" 90 is .status.lastRun.result Succeeded
}
user() { # a kubeconfig of somebody with a role in the team's namespace
    kubectl create serviceaccount -n support "$1" >/dev/null
    kubectl create rolebinding -n support "$1" --clusterrole="$2" --serviceaccount="support:$1" >/dev/null
    kubectl config view --raw --minify --flatten >"$work/$1"
    kubectl --kubeconfig "$work/$1" config set-credentials "$1" --token="$(kubectl create token -n support "$1")" >/dev/null
    kubectl --kubeconfig "$work/$1" config set-context --current --user="$1" --namespace=support >/dev/null
}

say "image"
version=$(sed -n 's/^appVersion: *"\{0,1\}\([^"]*\)"\{0,1\}$/\1/p' charts/contactsync/Chart.yaml)
image=${E2E_IMAGE:-ghcr.io/kdesk/contactsync:$version}
if [ -z "${E2E_IMAGE:-}" ]; then
    image/build.sh "$work/image.tar" "$image"
    contactsync=${CARGO_TARGET_DIR:-target}/$(uname -m)-unknown-linux-musl/release/contactsync
else
    cargo build --release --locked
    contactsync=${CARGO_TARGET_DIR:-target}/release/contactsync
fi
if [ -z "${KUBECONFIG:-}" ]; then
    say "the one-node cluster"
    "$node/build.sh"
    "$node/up.sh"
    own=yes
    # shellcheck source=testenv/node/lib.sh
    . "$node/lib.sh"
    say() { printf '%4s s  %s\n' $((SECONDS - began)) "$*"; }
    die() { echo "FAILED: $*" >&2; exit 1; }
    export KUBECONFIG=$KUBECONFIG_ADMIN PATH=$BIN:$PATH
    "$node/load.sh" "$work/image.tar" >/dev/null
    in_node install -d -o 65532 -g 65532 /var/lib/e2e/runs /var/lib/e2e/kdesk
    kubectl apply -f tests/e2e/volumes.yaml >/dev/null
elif [ -n "${E2E_LOAD:-}" ]; then
    $E2E_LOAD "$work/image.tar"
fi
export HELM_CACHE_HOME=$work/helm HELM_CONFIG_HOME=$work/helm HELM_DATA_HOME=$work/helm
values=(-f tests/e2e/values.yaml --set "image.repository=${image%:*}" --set "image.tag=${image##*:}")
[ -z "${E2E_VALUES:-}" ] || values+=(-f "$E2E_VALUES")

say "install"
helm install contactsync charts/contactsync -n contactsync --create-namespace --wait --timeout 3m "${values[@]}"
ok "helm install --wait"
[ "$(kubectl get deployment -n contactsync contactsync -o 'jsonpath={.status.readyReplicas}')" = 2 ] || die "two replicas are not ready"
ok "two replicas are ready"
helm test contactsync -n contactsync --timeout 2m >"$work/test.log" || { cat "$work/test.log"; die "helm test"; }
ok "helm test"

say "a team's first connection"
kubectl create namespace support >/dev/null
token=$(kubectl get secret -n contactsync contactsync-kdesk -o 'jsonpath={.data.token}' | base64 -d)
kubectl create secret generic -n support kdesk --from-literal=token="$token" >/dev/null
kubectl create configmap -n support people --from-file=examples/quickstart/people.csv >/dev/null
kubectl apply -f tests/e2e/support.yaml
kubectl wait -n support --for=condition=Ready --timeout=90s kdw/acme csc/emea-sales
is .status.lastRun.result Succeeded || die "the first run: $(of .status)"
made=$(of .status.contacts)
kubectl get csc -n support -o wide
ok "from kubectl apply to Ready: $made contacts"
open_desk
[ "$made" -gt 0 ] && [ "$(contacts)" = "$made" ] || die "the desk has $(contacts) contacts, status says $made"
ok "the desk has them"
first=$(of .status.lastRun.id)
run_now once
[ "$(of .status.lastRun.id)" != "$first" ] || die "no other run"
[ -z "$(of .status.lastRun.counts.created)$(of .status.lastRun.counts.updated)" ] || die "it wrote again: $(of .status.lastRun)"
ok "requestedAt runs it once more, and nothing is left to write"

say "run logs from outside, as people of the team"
user alice edit
user bob view
created() { # how many contacts a raw log tells of
    "$contactsync" logs emea-sales --run "$first" --raw "$@" | grep -c '"event":"created"'
}
[ "$(created --kubeconfig "$work/alice")" = "$made" ] || die "the log through the API server"
kubectl port-forward -n contactsync service/contactsync-logs 28082:8082 >"$work/logs.log" 2>&1 &
logs=$!
until_true "the log by a port-forward" 30 created -n support --via 127.0.0.1:28082
kill "$logs"
"$contactsync" logs emea-sales --kubeconfig "$work/alice" | head -5
ok "an editor reads the raw log and the one for people"
if "$contactsync" logs emea-sales --kubeconfig "$work/bob" >"$work/bob.log" 2>&1; then die "a viewer read a log"; fi
head -3 "$work/bob.log"
kubectl --kubeconfig "$work/bob" get csc emea-sales >/dev/null || die "a viewer does not see status"
ok "a viewer sees status and gets no log"
[ "$(kubectl --kubeconfig "$work/alice" auth can-i get secrets -n contactsync || true)" = no ] || die "an editor reads the operator's Secrets"
ok "neither reads the operator's Secrets"

if [ -n "$own" ]; then
    say "the leader freezes"
    leader=$(holder contactsync)
    # Where it stops in its tracks, and its lease runs out.
    frozen=$(in_node sh -c 'grep -lsz "^POD_NAME=$1\$" /proc/[0-9]*/environ | cut -d/ -f3 | head -1' sh "$leader")
    in_node kill -STOP "$frozen"
    began_to_wait=$SECONDS
    until_true "another leader" 60 held_by_another "$leader"
    ok "$(holder contactsync) leads in place of $leader, $((SECONDS - began_to_wait)) s later"
    run_now frozen
    in_node kill -CONT "$frozen"
    ok "and runs what is asked for"
fi

say "the leader's pod is deleted"
leader=$(holder contactsync)
kubectl delete pod -n contactsync "$leader" --grace-period=0 --force >/dev/null 2>&1
killed=$SECONDS
until_true "another leader" 60 held_by_another "$leader"
ok "$(holder contactsync) leads in place of $leader, $((SECONDS - killed)) s later"
run_now leader
ok "and runs what is asked for"
kubectl rollout status -n contactsync deployment/contactsync --timeout=90s >/dev/null

say "upgrade: two shards, and big runs as Jobs"
helm upgrade contactsync charts/contactsync -n contactsync --wait --timeout 3m "${values[@]}" \
    --set shards=2 --set jobs.enabled=true --set jobs.above=50
open_desk
run_now job
job=$(kubectl get jobs -n contactsync -o 'jsonpath={.items[*].metadata.name}')
[ -n "$job" ] || die "no Job"
kubectl wait -n contactsync --for=condition=Complete --timeout=60s "job/$job" >/dev/null
"$contactsync" logs emea-sales --kubeconfig "$work/alice" --raw | grep -q '"event":"ended"' || die "no log of the Job's run"
ok "the run was the Job $job, with the same log and status"
[ "$(contacts)" = "$made" ] && is .status.contacts "$made" || die "contacts changed"
ok "contacts are the same after the upgrade"
helm rollback contactsync 1 -n contactsync --wait --timeout 3m >/dev/null
open_desk
run_now rollback
ok "helm rollback, and it runs"

say "namespaced mode: Roles only"
helm upgrade contactsync charts/contactsync -n contactsync --wait --timeout 3m "${values[@]}" --set 'watchNamespaces={support}' >/dev/null
[ -z "$(kubectl get clusterroles,clusterrolebindings -l app.kubernetes.io/instance=contactsync -o name | grep -v -e '-view$' -e '-edit$')" ] ||
    die "the controller has a ClusterRole"
open_desk
run_now namespaced
ok "it runs with no ClusterRole of the controller"

say "people leave"
kubectl create configmap -n support people --dry-run=client -o yaml --from-file=people.csv=<(head -80 examples/quickstart/people.csv) |
    kubectl apply -f - >/dev/null 2>&1
kubectl annotate --overwrite --field-manager contactsync -n support csc/emea-sales kdesk.seraphex.net/requestedAt=e2e-leave >/dev/null
kubectl wait -n support --for=condition=RemovalsHeld --timeout=90s csc/emea-sales >/dev/null
[ "$(contacts)" = "$made" ] || die "somebody was turned off"
ok "too many at once are held: $(of '.status.conditions[?(@.type=="RemovalsHeld")].message')"
kubectl create configmap -n support people --dry-run=client -o yaml --from-file=examples/quickstart/people.csv |
    kubectl apply -f - >/dev/null 2>&1

say "uninstall, and install again"
helm uninstall contactsync -n contactsync --wait --timeout 3m
kubectl get crd contactsyncconnections.kdesk.seraphex.net >/dev/null && of .metadata.name >/dev/null || die "connections went with the release"
kubectl wait -n contactsync --for=delete pod -l app.kubernetes.io/component=controller --timeout=60s >/dev/null
ok "the release is gone, connections are kept"
helm install contactsync charts/contactsync -n contactsync --wait --timeout 3m "${values[@]}" >/dev/null
token=$(kubectl get secret -n contactsync contactsync-kdesk -o 'jsonpath={.data.token}' | base64 -d)
kubectl create secret generic -n support kdesk --from-literal=token="$token" --dry-run=client -o yaml | kubectl apply -f - >/dev/null 2>&1
open_desk
run_now again
[ -z "$(of .status.lastRun.counts.created)" ] || die "contacts were made again: $(of .status.lastRun)"
[ "$(contacts)" = "$made" ] || die "the desk has $(contacts) contacts, not $made"
ok "it finds its $made contacts again and makes none twice"

say "the README's trial"
close_desk
kubectl delete csc,kdw --all -n support --timeout=60s >/dev/null
helm uninstall contactsync -n contactsync --wait --timeout 3m >/dev/null 2>&1
kubectl delete pvc,jobs --all -n contactsync --timeout=60s >/dev/null
trial=(--set "image.repository=${image%:*}" --set "image.tag=${image##*:}")
helm install contactsync charts/contactsync -n contactsync --create-namespace --wait -f charts/contactsync/ci/kdesk-trial-values.yaml "${trial[@]}" >/dev/null
kubectl apply -f examples/trial >/dev/null
kubectl wait -n contactsync --for=condition=Ready csc/staff --timeout=60s
[ "$(kubectl get csc -n contactsync staff -o 'jsonpath={.status.contacts}')" = 4 ] || die "four of five people"
ok "two commands to a connection that is Ready"
say "$checks checks passed"
