/**
 * Runs Postgres as its child and waits for the end of its input; then stops the server and removes the directory.
 * Input ends when the emulator is closed, and just as well when its process crashes or is killed, so nothing depends
 * on handlers in that process. Being the parent, it can never signal a process that merely got the same number.
 *
 * It makes the directory itself, so that at no moment there is one that nobody will remove.
 *
 * Arguments: directory, bin directory, `initdb` or `template` (a tar file at descriptor 3), settings for the server.
 * The data directory of a first start becomes a tar file: one file, because it must be whole or absent.
 */
export const SUPERVISOR_SCRIPT = `
directory=$1 bin=$2 source=$3
shift 3
umask 077
mkdir "$directory" || exit 1
trap 'cd / && rm -rf "$directory"' EXIT
cd "$directory" || exit 1
if [ "$source" = template ]; then
  tar -xf - <&3 || exit 1
else
  "$bin/initdb" -D data -U postgres -A trust -E UTF8 --no-locale --no-sync --no-instructions --wal-segsize=1 || exit 1
  echo 'CREATE DATABASE databricks_postgres' | "$bin/postgres" --single -D data -F template1 || exit 1
  tar -cf template.tar data || exit 1
fi
exec 3<&-
"$bin/postgres" -D "$directory/data" "$@" &
server=$!
exec 2>/dev/null
read -r line
kill -QUIT "$server"
wait "$server"
`;
