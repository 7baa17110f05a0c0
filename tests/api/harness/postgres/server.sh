# Makes a PostgreSQL server in the folder this file lies in, says "ready", and waits; when standard input closes it stops the
# server and removes the folder. Whoever holds the other end may so end in any way: the server ends too. A line is a command for
# pg_ctl: "stop fast", "start", "restart immediate"; when it is carried out "done" is said, else "failed".
# $1: the folder of PostgreSQL's programs.
set -u
umask 077
cd "$(dirname "$0")" || exit
here=$(pwd)

clean() {
    "$1/pg_ctl" -D "$here/data" -m immediate -t 10 stop
    cd / && rm -rf "$here"
}
trap 'clean "$1"' EXIT
trap exit HUP INT TERM
# The other end may be gone before it hears "ready".
trap '' PIPE
exec 3>&1 >>"$here/log" 2>&1

"$1/initdb" -D data -U postgres -A trust -E UTF8 --locale=C --no-sync </dev/null &&
    cat >>data/postgresql.conf <<END &&
listen_addresses = ''
unix_socket_directories = '$here'
max_connections = 200
shared_buffers = 32MB
# What a test writes need not outlive the machine; the server's processes it does.
fsync = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
autovacuum = off
max_wal_size = 96MB
END
    "$1/pg_ctl" -D data -w -t 30 start </dev/null 3>&- &&
    echo ready >&3

# After a failure too: the other end still has to read the log.
while read -r action mode; do
    if "$1/pg_ctl" -D data -w -t 30 ${mode:+-m "$mode"} "$action" </dev/null 3>&-; then
        echo done >&3
    else
        echo failed >&3
    fi
done
