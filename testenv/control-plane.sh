#!/bin/sh
# The control plane of the tests: prints a folder that holds etcd, kube-apiserver and kubectl.
# usage: testenv/control-plane.sh find       (fails where they are missing)
#        testenv/control-plane.sh install    (downloads or builds what is missing; safe to call from several runs at once)
#
# They are looked for in KUBEBUILDER_ASSETS, then in a cache outside the clone: CONTACTSYNC_TESTENV, or
# ~/.cache/contactsync/testenv. Where they are missing, kubebuilder's release is downloaded; where there is no way to it,
# they are built from the Go module proxy, which takes minutes. Versions are pinned: envtest.sha512, kubernetes/, etcd/.
set -eu

here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
action=${1:?usage: testenv/control-plane.sh find|install}
programs="etcd kube-apiserver kubectl"
cache=${CONTACTSYNC_TESTENV:-${XDG_CACHE_HOME:-$HOME/.cache}/contactsync/testenv}
# Another version has another name, so that an upgrade makes it anew and clones of different age share one cache.
version=$(cd "$here" && cat envtest.sha512 kubernetes/go.mod kubernetes/go.sum etcd/go.mod etcd/go.sum | cksum | tr -d ' ')
made=$cache/control-plane-$version-$(uname -m)

say() { echo "control plane: $*" >&2; }

complete() {
    for program in $programs; do
        [ -x "$1/$program" ] || return 1
    done
}

# Quick to give up: where there is no internet, this must not be what people wait for.
download() {
    case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) platform=linux-amd64 ;;
    Linux-aarch64) platform=linux-arm64 ;;
    *) return 1 ;;
    esac
    command -v curl >/dev/null 2>&1 || return 1
    wanted=$(grep -e "-$platform\.tar\.gz\$" "$here/envtest.sha512")
    archive=${wanted##* }
    release=${archive%-"$platform".tar.gz}
    curl --silent --fail --location --proto '=https' --proto-redir '=https' \
        --connect-timeout 5 --speed-time 20 --speed-limit 10000 --max-time 600 --output "$work/$archive" \
        "https://github.com/kubernetes-sigs/controller-tools/releases/download/$release/$archive" || return 1
    (cd "$work" && echo "$wanted" | sha512sum --check --status) || {
        say "the download of $archive does not have the pinned checksum: it is not used"
        return 1
    }
    tar -xzf "$work/$archive" -C "$work/bin" --strip-components=2 --no-same-owner || return 1
    complete "$work/bin"
}

build() {
    command -v go >/dev/null 2>&1 || {
        say "$programs are missing. Install Go, and they are built; or set KUBEBUILDER_ASSETS to a folder that holds them"
        return 1
    }
    kubernetes=$(sed -n 's/^require k8s.io\/kubernetes //p' "$here/kubernetes/go.mod")
    minor=${kubernetes#v1.}
    say "building Kubernetes $kubernetes and etcd from the Go module proxy: some minutes, once"
    export CGO_ENABLED=0 GOWORK=off GOFLAGS=-buildvcs=false
    # kubectl and the server tell their version, and each judges the other's by it.
    stamp="-X k8s.io/component-base/version.gitVersion=$kubernetes -X k8s.io/client-go/pkg/version.gitVersion=$kubernetes"
    stamp="$stamp -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=${minor%%.*}"
    (cd "$here/etcd" && go build -trimpath -ldflags "-s -w" -o "$work/bin/etcd" go.etcd.io/etcd/server/v3) >&2 &&
        (cd "$here/kubernetes" && go build -trimpath -ldflags "-s -w $stamp" -o "$work/bin/" \
            k8s.io/kubernetes/cmd/kube-apiserver k8s.io/kubernetes/cmd/kubectl) >&2
}

if [ -n "${KUBEBUILDER_ASSETS:-}" ]; then
    if complete "$KUBEBUILDER_ASSETS"; then
        printf '%s\n' "$KUBEBUILDER_ASSETS"
        exit 0
    fi
    say "KUBEBUILDER_ASSETS does not hold all of $programs: looking elsewhere"
fi
# A folder gets its name when all is in it: one that was cut off half-way is made anew.
if [ ! -d "$made" ]; then
    [ "$action" = install ] || {
        say "$programs are missing: run make test-deps"
        exit 1
    }
    mkdir -p "$cache"
    exec 9>"$cache/control-plane.lock"
    flock 9
    if [ ! -d "$made" ]; then
        work=$(mktemp -d "$cache/control-plane.XXXXXX")
        trap 'rm -rf "$work"' EXIT
        trap 'exit 1' HUP INT TERM
        mkdir "$work/bin"
        download || build
        mv "$work/bin" "$made"
    fi
fi
printf '%s\n' "$made"
