#!/bin/sh
# A program that the tests of the chart need, built from the Go module proxy: prints its path.
# usage: testenv/go-tool.sh find TOOL       (fails where it is missing)
#        testenv/go-tool.sh install TOOL    (builds it where it is missing; safe to call from several runs at once)
# TOOL is a folder beside this script: helm (a minute to build), kube-score (a minute), prometheus (for promtool: five).
#
# Its go.mod and go.sum pin it with all that it is made of. It lies in a cache outside the clone: CONTACTSYNC_TESTENV, or
# ~/.cache/contactsync/testenv.
set -eu

here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
action=${1:?usage: testenv/go-tool.sh find|install TOOL}
tool=${2:?usage: testenv/go-tool.sh find|install TOOL}
package=$(sed -n 's/^tool //p' "$here/$tool/go.mod")
cache=${CONTACTSYNC_TESTENV:-${XDG_CACHE_HOME:-$HOME/.cache}/contactsync/testenv}
version=$(cd "$here/$tool" && cat go.mod go.sum | cksum | tr -d ' ')
# The file gets its name when it is whole: a build that was cut off is made anew.
made=$cache/$tool-$version-$(uname -m)

if [ ! -x "$made" ]; then
    [ "$action" = install ] || {
        echo "$tool is missing: run make chart-tools" >&2
        exit 1
    }
    command -v go >/dev/null 2>&1 || {
        echo "$tool is missing. Install Go, and it is built" >&2
        exit 1
    }
    mkdir -p "$cache"
    exec 9>"$cache/$tool.lock"
    flock 9
    if [ ! -x "$made" ]; then
        echo "building ${package##*/} from the Go module proxy: minutes, once" >&2
        trap 'rm -f "$made.part"' EXIT
        trap 'exit 1' HUP INT TERM
        (cd "$here/$tool" && CGO_ENABLED=0 GOWORK=off GOFLAGS=-buildvcs=false \
            go build -trimpath -ldflags '-s -w' -o "$made.part" "$package") >&2
        mv "$made.part" "$made"
    fi
fi
printf '%s\n' "$made"
