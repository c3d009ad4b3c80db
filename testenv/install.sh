#!/bin/sh
# Installs all that the everyday tests need and that is missing. The servers are not started: the tests start their own, on free
# ports. Nothing is done when all is there.
set -eu

here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
"$here/packages.sh"
"$here/control-plane.sh" install >/dev/null
"$here/go-tool.sh" install helm >/dev/null
