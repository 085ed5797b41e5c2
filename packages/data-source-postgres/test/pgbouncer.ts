import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { access, chown, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { LakebaseEmulator } from "@org/lakebase-emulator";

const program = "/usr/sbin/pgbouncer";
const install = "apt-get install -y --no-install-recommends pgbouncer";

export interface PgBouncer extends AsyncDisposable {
  readonly port: number;
}

/** A PgBouncer in transaction mode in front of the emulator's Postgres, with two server connections. */
export async function startPgBouncer(emulator: LakebaseEmulator): Promise<PgBouncer> {
  await findProgram();
  const socketFolder = new URL(emulator.adminUri).searchParams.get("host") as string;
  // Only the database's own user may enter the socket's folder; and pgbouncer refuses to run as root.
  const owner = process.getuid?.() === 0 ? await stat(socketFolder) : undefined;
  const folder = await mkdtemp(join(tmpdir(), "pgbouncer-"));
  if (owner) await chown(folder, owner.uid, owner.gid);
  const port = await freePort();
  const settings = [
    "[databases]",
    `postgres = host=${socketFolder} user=postgres dbname=${emulator.database}`,
    "[pgbouncer]",
    "listen_addr = 127.0.0.1",
    `listen_port = ${port}`,
    "unix_socket_dir =",
    "auth_type = any",
    "pool_mode = transaction",
    "default_pool_size = 2",
    "max_client_conn = 500",
  ];
  const file = join(folder, "pgbouncer.ini");
  await writeFile(file, settings.join("\n"));
  const ids = owner ? { uid: owner.uid, gid: owner.gid } : {};
  const server = spawn(program, ["-q", file], { ...ids, cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  const exited = once(server, "exit");
  let output = "";
  server.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const close = async (): Promise<void> => {
    server.kill("SIGKILL");
    await exited;
    await rm(folder, { recursive: true });
  };
  try {
    await Promise.race([
      untilListening(port),
      exited.then(() => Promise.reject(new Error(`pgbouncer ended: ${output}`))),
    ]);
  } catch (error) {
    await close();
    throw error;
  }
  return { port, [Symbol.asyncDispose]: close };
}

async function findProgram(): Promise<void> {
  const exists = (): Promise<boolean> =>
    access(program).then(
      () => true,
      () => false,
    );
  if (await exists()) return;
  if (process.getuid?.() === 0)
    await promisify(execFile)("/bin/sh", ["-c", `${install} || { apt-get update && ${install}; }`]).catch(
      () => undefined,
    );
  if (!(await exists())) throw new Error(`${program} is missing. Install it: ${install}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function untilListening(port: number): Promise<void> {
  const end = performance.now() + 15_000;
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    try {
      await once(socket, "connect");
      return;
    } catch (error) {
      if (performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    } finally {
      socket.destroy();
    }
  }
}
