#!/bin/sh
# Finds the servers and the browser that the tests start for themselves, and installs what is missing where that is allowed.
set -eu
# Debian keeps servers in sbin, which is not on everyone's PATH.
PATH="$PATH:/usr/sbin:/usr/local/sbin"
missing=''
command -v mariadbd >/dev/null && command -v mariadb-install-db >/dev/null || missing="$missing mariadb-server"
command -v redis-server >/dev/null || missing="$missing redis-server"
# The page is tried in it.
command -v chromium >/dev/null || command -v google-chrome >/dev/null || missing="$missing chromium"
[ -n "$missing" ] || exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "the tests need:$missing; install them, for example: sudo apt-get install$missing" >&2
    exit 1
fi
# Installed, not started: the tests run servers of their own and leave the machine's alone.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    trap 'rm -f "$policy"' EXIT
fi
apt-get update -qq
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing >/dev/null
