#!/bin/sh
# Makes the Python environment of the foreign servers and testers, once for each state of requirements.txt, and prints its path.
# usage: testenv/python.sh CACHE_DIR     (safe to call from several tests at once)
set -eu

here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
cache=${1:?usage: testenv/python.sh CACHE_DIR}
wanted=$here/requirements.txt
venv=$cache/python-$(cksum <"$wanted" | tr -d ' ')

mkdir -p "$cache"
exec 9>"$cache/python.lock"
flock 9
# The marker comes last: an environment that was cut off half-way is made anew.
if [ ! -e "$venv/.complete" ]; then
    rm -rf "$venv"
    python3 -m venv "$venv" >&2
    "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --requirement "$wanted" >&2
    "$venv/bin/pip" check --disable-pip-version-check >&2
    : >"$venv/.complete"
fi
printf '%s\n' "$venv"
