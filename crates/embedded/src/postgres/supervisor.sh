# Runs one Postgres for as long as somebody holds the other end of standard input, then ends it.
# Whoever started this may die in any way, kill -9 included: the kernel closes the pipe.
#
# usage: sh supervisor.sh BIN DATA RUN SIGNAL PASSWORD_FILE SERVER_OPTION...
# BIN holds the programs; DATA is made if missing; RUN is removed at the end.
set -u
# A terminal's Ctrl-C is for our parent to understand, not for us.
trap '' HUP INT QUIT TERM
exec 3<&0
bin=$1 data=$2 run=$3 signal=$4 password=$5
shift 5

serve() {
    if [ ! -f "$data/PG_VERSION" ]; then
        # Made beside and moved into place, so that a cluster half made is never taken for one.
        rm -rf "$data.new"
        "$bin/initdb" -D "$data.new" -U postgres -A scram-sha-256 --pwfile="$password" \
            -E UTF8 --no-locale --no-sync --no-instructions || exit
        mv "$data.new" "$data" || exit
    fi
    exec "$bin/postgres" -D "$data" "$@"
}

serve "$@" 3<&- </dev/null &
server=$!

# Signals go to the whole group, as initdb may be at work; they are repeated, as one may fall
# between initdb's end and the server's start.
(
    read -r _ <&3
    turns=0
    while :; do
        kill -s "$signal" 0
        sleep 1
        turns=$((turns + 1))
        if [ "$turns" -eq 10 ]; then signal=QUIT; fi
        if [ "$turns" -ge 20 ]; then kill -s KILL "$server"; fi
    done
) </dev/null &
watcher=$!

wait "$server"
code=$?
kill -s KILL "$watcher"
rm -rf "$run"
exit "$code"
