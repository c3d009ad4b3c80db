#!/bin/sh
# Installs the packages that the tests need on Debian, where they are missing: OpenLDAP, Samba, Python, Lua.
# Nothing is done when all is there. The servers are not started: the tests start their own, on free ports.
set -eu

packages="lua5.4 slapd ldap-utils samba samba-dsdb-modules samba-ad-provision ldb-tools python3-samba python3-venv"

installed() {
    [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

if ! command -v dpkg-query >/dev/null 2>&1; then
    # Another distribution: the tests themselves name what they miss.
    echo "this is not Debian: make sure that OpenLDAP (slapd, slapadd), a Samba AD DC with ldbadd, python3 with venv and lua5.4 are there" >&2
    exit 0
fi

missing=
for package in $packages; do
    installed "$package" || missing="$missing $package"
done
command -v cc >/dev/null 2>&1 || missing="$missing build-essential"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root=sudo
else
    echo "the tests need these packages, and only root can install them:" >&2
    echo "    apt-get install --no-install-recommends$missing" >&2
    exit 1
fi

echo "installing$missing" >&2
# Debian starts a server as it is installed: not on the machine of somebody who only wants to run tests.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
    $as_root chmod +x "$policy"
    trap '$as_root rm -f "$policy"' EXIT
fi
$as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq </dev/null >&2
# shellcheck disable=SC2086 # a list of words
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing </dev/null >&2
