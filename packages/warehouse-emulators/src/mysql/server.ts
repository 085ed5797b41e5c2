import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createCertificate } from "./certificate.ts";
import { find, findServer } from "./find-server.ts";

/** A server for tests, and an account that may do everything, so that what holds back is the adapter. */
export interface MySqlServer {
  /** With TLS, verified. */
  readonly options: {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly password: string;
    readonly database: string;
    readonly ssl: boolean | { readonly ca: string };
  };
  readonly isMariaDb: boolean;
  close(): Promise<void>;
}

const database = "data_source_test";
const startTimeoutMs = 60_000;

/**
 * A throwaway server on a free loopback port, with TLS, or the one that MYSQL_TEST_URL names (and MYSQL_TEST_CA, a
 * file, if its certificate is not publicly signed).
 */
export async function startMySqlServer(): Promise<MySqlServer> {
  const url = process.env["MYSQL_TEST_URL"];
  return url === undefined || url === "" ? startThrowawayMySqlServer() : useServer(new URL(url));
}

/** A throwaway server on a free loopback port, with TLS. */
export async function startThrowawayMySqlServer(account?: {
  readonly user: string;
  readonly password: string;
}): Promise<MySqlServer> {
  const binary = await findServer();
  const { ca, cert, key } = await createCertificate();
  const directory = join(tmpdir(), `mysql-test-${randomBytes(6).toString("hex")}`);
  const { user, password } = account ?? { user: "tester", password: `canary-${randomBytes(9).toString("base64url")}` };
  // The server wants one statement a line.
  const initFile = [
    `CREATE DATABASE ${database} CHARACTER SET utf8mb4`,
    `CREATE USER '${user}'@'%' IDENTIFIED BY '${password}'`,
    `GRANT ALL ON *.* TO '${user}'@'%' WITH GRANT OPTION`,
    "DROP USER IF EXISTS 'root'@'localhost'",
  ]
    .map((line) => `${line};\n`)
    .join("");
  const initDb = binary.isMariaDb
    ? ((await find("mariadb-install-db", "mysql_install_db")) ?? "mariadb-install-db")
    : "";
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    try {
      const close = await supervise([directory, binary.path, initDb, String(port)], { ca, cert, key, initFile });
      return {
        options: { host: "127.0.0.1", port, user, password, database, ssl: { ca } },
        isMariaDb: binary.isMariaDb,
        close,
      };
    } catch (error) {
      // Somebody may have taken the port in between.
      if (attempt === 3 || !String(error).includes("Address already in use")) throw error;
    }
  }
}

async function useServer(url: URL): Promise<MySqlServer> {
  const caFile = process.env["MYSQL_TEST_CA"];
  return {
    options: {
      host: url.hostname,
      port: Number(url.port || 3306),
      user: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      database: decodeURIComponent(url.pathname.slice(1)),
      ssl: caFile === undefined ? false : { ca: await readFile(caFile, "utf8") },
    },
    isMariaDb: url.protocol === "mariadb:",
    close: () => Promise.resolve(),
  };
}

/**
 * Runs the server as its child and waits for the end of its input: that comes when the test closes it, and just as well
 * when the test's process crashes. Its child's number can be nobody else's.
 */
const script = `
directory=$1 server=$2 initdb=$3 port=$4
umask 077
mkdir "$directory" || exit 1
trap 'cd / && rm -rf "$directory"' EXIT
cd "$directory" || exit 1
mkdir tmp
for name in ca cert key init; do
  while IFS= read -r line && [ "$line" != . ]; do printf '%s\\n' "$line"; done >"$name"
done
if [ -n "$initdb" ]; then
  "$initdb" --no-defaults --datadir="$directory/data" --auth-root-authentication-method=normal --skip-test-db --user="$(id -un)" >log 2>&1
else
  "$server" --no-defaults --initialize-insecure --datadir="$directory/data" --user="$(id -un)" >log 2>&1
fi || { cat log >&2; exit 1; }
"$server" --no-defaults --user="$(id -un)" --datadir="$directory/data" --tmpdir="$directory/tmp" \\
  --bind-address=127.0.0.1 --port="$port" --socket="$directory/socket" --pid-file="$directory/pid" \\
  --ssl-ca="$directory/ca" --ssl-cert="$directory/cert" --ssl-key="$directory/key" --init-file="$directory/init" \\
  --skip-log-bin --loose-mysqlx=0 --innodb-flush-log-at-trx-commit=0 --innodb-buffer-pool-size=64M \\
  --loose-innodb-log-file-size=16M --loose-innodb-redo-log-capacity=32M --loose-performance-schema=0 --secure-file-priv="" --max-connections=300 </dev/null &
child=$!
exec 2>/dev/null
read -r line
kill -KILL "$child"
wait "$child"
`;

/** Fulfils when the server takes connections, with the function that ends it and removes its files. */
async function supervise(
  parameters: readonly string[],
  files: Readonly<Record<"ca" | "cert" | "key" | "initFile", string>>,
): Promise<() => Promise<void>> {
  const supervisor = spawn("/bin/sh", ["-c", script, "mysql-test", ...parameters], {
    cwd: tmpdir(),
    // Ctrl-C in a terminal is for the tests, which then close this.
    detached: true,
    env: { PATH: `${process.env["PATH"] ?? ""}:${dirname(parameters[1] ?? "")}:/usr/bin:/bin`, LC_ALL: "C" },
    stdio: ["pipe", "ignore", "pipe"],
  });
  const exited = once(supervisor, "exit").catch(() => undefined);
  const stop = async (): Promise<void> => {
    supervisor.stdin.end();
    await exited;
  };
  supervisor.stdin.on("error", () => undefined);
  for (const content of [files.ca, files.cert, files.key, files.initFile]) {
    supervisor.stdin.write(`${content.trim()}\n.\n`);
  }
  try {
    await untilReady(supervisor);
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}

function untilReady(supervisor: ReturnType<typeof spawn>): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = "";
    const fail = (why: string): void => {
      clearTimeout(timer);
      reject(new Error(`The server did not start: ${why}\n${output.slice(-3000)}`));
    };
    const timer = setTimeout(() => fail(`not ready after ${startTimeoutMs} ms`), startTimeoutMs);
    supervisor.once("error", (error) => fail(error.message));
    supervisor.stderr?.once("end", () => fail("it ended"));
    supervisor.stderr?.on("data", (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-20_000);
      if (!output.includes("ready for connections")) return;
      clearTimeout(timer);
      resolve();
    });
  });
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, "close");
  return port;
}
