# Creates and starts a PostgreSQL server in the folder of this script, prints "ready", and reads commands from standard
# input. Each line is a command for pg_ctl: "stop fast", "start", "restart immediate". The reply is "done" or "failed".
# When standard input closes, the script stops the server and removes the folder. Standard input closes when the parent
# process exits, even if the parent is killed.
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
# SIGPIPE is ignored, because the parent process may exit before it reads "ready".
trap '' PIPE
exec 3>&1 >>"$here/log" 2>&1

"$1/initdb" -D data -U postgres -A trust -E UTF8 --locale=C --no-sync </dev/null &&
    cat >>data/postgresql.conf <<END &&
listen_addresses = ''
unix_socket_directories = '$here'
max_connections = 200
shared_buffers = 32MB
# Test data must survive a restart of the server, but not of the machine, so nothing is synced to disk.
fsync = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
autovacuum = off
max_wal_size = 96MB
END
    "$1/pg_ctl" -D data -w -t 30 start </dev/null 3>&- &&
    echo ready >&3

# This loop also runs if the server did not start: the parent can then read the log before the folder is removed.
while read -r action mode; do
    if "$1/pg_ctl" -D data -w -t 30 ${mode:+-m "$mode"} "$action" </dev/null 3>&-; then
        echo done >&3
    else
        echo failed >&3
    fi
done
