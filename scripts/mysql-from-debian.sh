#!/bin/sh
# Fetches the MySQL server of Debian unstable, with all that it needs, into a folder of its own, and prints the path of
# a mysqld that runs from there. Nothing is installed or configured on the machine; root is not needed. apt resolves,
# downloads and checks the signatures, on a state of its own. Needs apt, dpkg and Debian's keys (on Ubuntu: the package
# debian-archive-keyring). The mirror is the machine's own, or DEBIAN_MIRROR.
set -eu
folder=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/mysql-from-debian}
keys=/usr/share/keyrings/debian-archive-keyring.gpg
[ -r "$keys" ] || { echo "Debian's keys are missing: install debian-archive-keyring" >&2; exit 1; }
mirror=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' | grep -m1 '/debian/*$' || true)}
[ -n "$mirror" ] || { echo "apt knows no mirror of Debian: set DEBIAN_MIRROR to the address of one" >&2; exit 1; }

mkdir -p "$folder/apt/state/lists/partial" "$folder/apt/cache/archives/partial"
folder=$(cd "$folder" && pwd)
echo "deb [signed-by=$keys] $mirror sid main" >"$folder/apt/sources.list"
# Nothing counts as installed, so that the server's C library comes as well.
: >"$folder/apt/status"
private() {
  apt-get -q -o Dir::State="$folder/apt/state" -o Dir::State::status="$folder/apt/status" -o Dir::Cache="$folder/apt/cache" \
    -o Dir::Etc::sourcelist="$folder/apt/sources.list" -o Dir::Etc::sourceparts=- -o Dir::Etc::preferences=- \
    -o Dir::Etc::preferencesparts=/dev/null -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o Acquire::Languages=none \
    -o APT::Sandbox::User= -o APT::Get::List-Cleanup=false "$@" >&2
}
private update
private autoclean
private install --download-only --no-install-recommends -y mysql-server-core

rm -rf "$folder/root"
mkdir -p "$folder/root" "$folder/bin"
for package in "$folder"/apt/cache/archives/*.deb; do dpkg-deb -x "$package" "$folder/root"; done
root=$folder/root/usr
loader=$(find "$root/lib" -name 'ld-linux-*.so.*' | head -n 1)
libraries=$(dirname "$(find "$root/lib" -name 'libc.so.6' | head -n 1)")
cat >"$folder/bin/mysqld" <<EOF
#!/bin/sh
# --no-defaults counts only as the first.
[ "\${1:-}" = --no-defaults ] && shift && first=--no-defaults
exec '$loader' --library-path '$libraries' '$root/sbin/mysqld' \${first:-} --basedir='$root' \\
  --lc-messages-dir='$root/share/mysql' --character-sets-dir='$root/share/mysql/charsets' \\
  --plugin-dir='$root/lib/mysql/plugin' "\$@"
EOF
chmod +x "$folder/bin/mysqld"
"$folder/bin/mysqld" --no-defaults --version >&2
echo "$folder/bin/mysqld"
