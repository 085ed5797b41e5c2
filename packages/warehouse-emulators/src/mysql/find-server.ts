import { execFile } from "node:child_process";
import { access, constants, readFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Where distributions put servers that are not on a user's PATH. */
const folders = [
  ...(process.env["PATH"] ?? "").split(delimiter),
  "/usr/sbin",
  "/usr/local/sbin",
  "/usr/libexec",
  "/opt/homebrew/opt/mariadb/bin",
  "/opt/homebrew/opt/mysql/bin",
  "/usr/local/mysql/bin",
];

export interface ServerBinary {
  readonly path: string;
  readonly isMariaDb: boolean;
}

const servers = ["mariadbd", "mysqld"];

/** Whether a server can be started without installing one. */
export async function isMySqlInstalled(): Promise<boolean> {
  return (await find(...servers)) !== undefined;
}

/**
 * The server that MYSQL_TEST_SERVER names, or the one on this machine; on Debian or Ubuntu as root it is installed
 * first. Else fails with what to type.
 */
export async function findServer(): Promise<ServerBinary> {
  const named = process.env["MYSQL_TEST_SERVER"];
  const path = named !== undefined && named !== "" ? named : ((await find(...servers)) ?? (await install()));
  const { stdout } = await run(path, ["--no-defaults", "--version"]);
  return { path, isMariaDb: stdout.includes("MariaDB") };
}

export async function find(...names: readonly string[]): Promise<string | undefined> {
  for (const name of names) {
    for (const folder of folders) {
      const path = join(folder, name);
      if (
        await access(path, constants.X_OK).then(
          () => true,
          () => false,
        )
      )
        return path;
    }
  }
  return undefined;
}

/** The server without the service around it, so that nothing is started or configured on the machine. */
const debianPackages = "mariadb-server-core mariadb-client-core";

/** One test process installs, under a lock; the others wait for it and find the server there. */
const installScript = `
command -v mariadbd >/dev/null && command -v my_print_defaults >/dev/null && exit 0
export DEBIAN_FRONTEND=noninteractive
install() { apt-get install -y --no-install-recommends ${debianPackages}; }
install || { apt-get update && install; }
`;

async function install(): Promise<string> {
  const osRelease = await readFile("/etc/os-release", "utf8").catch(() => "");
  const isDebian = /^ID(?:_LIKE)?=.*\b(?:debian|ubuntu)\b/m.test(osRelease);
  if (!isDebian || process.getuid?.() !== 0) throw new Error(advice(isDebian));
  try {
    await run("flock", ["/var/lock/data-source-mysql-test.lock", "sh", "-c", installScript], { maxBuffer: 2 ** 26 });
  } catch (error) {
    throw new Error(`${debianPackages} could not be installed. ${advice(true)}`, { cause: error });
  }
  const path = await find("mariadbd");
  if (path === undefined) throw new Error(`${debianPackages} brought no mariadbd. ${advice(true)}`);
  return path;
}

function advice(isDebian: boolean): string {
  const command = isDebian
    ? `sudo apt-get install -y ${debianPackages}`
    : process.platform === "darwin"
      ? "brew install mariadb"
      : process.platform === "win32"
        ? "winget install MariaDB.Server"
        : "sudo dnf install -y mariadb-server   (or the package of this distribution)";
  return `These tests need a MariaDB or MySQL server and found neither mariadbd nor mysqld. Run: ${command}\nOr set MYSQL_TEST_URL to mysql://user:password@host:port/database of a server to use.`;
}
