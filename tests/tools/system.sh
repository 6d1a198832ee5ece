#!/usr/bin/env bash
# Sees to what must come from the system. Given `demo`: what compiling needs, and Postgres unless npm
# can bring it; given `test`: Postgres, Python and npm as well. As root on a Debian it installs what is
# missing. Elsewhere it says what to install, and goes on where there is another way.
set -euo pipefail

purpose=${1:-demo}
missing=()
need() { # COMMAND PACKAGE
  command -v "$1" >/dev/null 2>&1 || missing+=("$2")
}

postgres() {
  # Debian's pg_config is there without a server, so only initdb counts.
  command -v initdb >/dev/null 2>&1 || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null ||
    [ -x "${RIACHO_POSTGRES_BIN:-/none}/initdb" ]
}

need cc build-essential
need pkg-config pkg-config
pkg-config --exists openssl 2>/dev/null || missing+=(libssl-dev)
if [ "$purpose" = test ]; then
  postgres || missing+=(postgresql)
  need python3 python3
  python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
  need npm npm
else
  postgres || command -v npm >/dev/null 2>&1 || missing+=(postgresql)
fi
[ ${#missing[@]} = 0 ] && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq >/dev/null
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
else
  echo "missing: ${missing[*]} (the names are Debian's); install them if what follows fails" >&2
  # The demo can compile OpenSSL along, and Postgres may stand where only the demo finds it.
  [ "$purpose" = demo ]
fi
