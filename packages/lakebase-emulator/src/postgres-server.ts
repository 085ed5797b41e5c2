import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { copyFile, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { Pool, type QueryResult } from "pg";
import { findDatabaseUser } from "./database-user.ts";
import { findTemporaryFolder, openCacheDirectory } from "./folders.ts";
import { DATABASE, type PostgresVersion } from "./options.ts";
import { findPostgresBinaries, resolutionBases } from "./postgres-binaries.ts";
import { SUPERVISOR_SCRIPT } from "./supervisor-script.ts";

export interface PostgresServer {
  /** Holds everything that this server writes; gone when the server is. */
  directory: string;
  socket: string;
  adminUri: string;
  /** Runs SQL as the superuser. */
  query(text: string, values?: unknown[]): Promise<QueryResult>;
  close(): Promise<void>;
}

const SUPERUSER = "postgres";
const START_TIMEOUT_MS = 60_000;
const READY = "database system is ready to accept connections";

const SERVER_SETTINGS: Record<string, string> = {
  listen_addresses: "",
  unix_socket_permissions: "0700",
  // The data are thrown away at the end.
  fsync: "off",
  synchronous_commit: "off",
  full_page_writes: "off",
  wal_level: "minimal",
  max_wal_senders: "0",
  max_logical_replication_workers: "0",
  max_connections: "250",
  shared_buffers: "32MB",
  // Files in the data directory, which goes with it; POSIX shared memory would outlive a crash.
  dynamic_shared_memory_type: "mmap",
  timezone: "UTC",
  log_timezone: "UTC",
  // Ranks above ERROR: the line that says "ready" passes, statements that fail stay out.
  log_min_messages: "log",
};

/** A throwaway Postgres behind a unix socket, under a supervisor that outlives us just long enough to clean up. */
export async function startPostgres(
  major: PostgresVersion,
  wantedCacheDirectory: string | undefined,
  bases: readonly string[] = resolutionBases(),
): Promise<PostgresServer> {
  const [user, cacheDirectory] = await Promise.all([findDatabaseUser(), openCacheDirectory(wantedCacheDirectory)]);
  const { version, root } = await findPostgresBinaries(major, user, cacheDirectory, bases);
  const folder = await findTemporaryFolder(user);
  const directory = join(folder, `lakebase-${randomBytes(6).toString("hex")}`);

  const template = join(cacheDirectory, `template-${version}-1.tar`);
  const templateFile = await open(template, "r").catch(() => undefined);
  const settings = Object.entries({ ...SERVER_SETTINGS, unix_socket_directories: directory });
  const supervisor = spawn(
    "/bin/sh",
    [
      "-c",
      SUPERVISOR_SCRIPT,
      "lakebase-emulator",
      directory,
      join(root, "bin"),
      templateFile === undefined ? "initdb" : "template",
      ...settings.flatMap(([name, value]) => ["-c", `${name}=${value}`]),
    ],
    {
      ...user,
      cwd: folder,
      // A session of its own: Ctrl-C in a terminal is for us, and we decide when the server goes.
      detached: true,
      env: { PATH: process.env["PATH"], LC_ALL: "C" },
      stdio: ["pipe", "ignore", "pipe", templateFile?.fd ?? "ignore"],
    },
  );
  // It rejects if there was no such process; untilReady reports that.
  const exited = once(supervisor, "exit").catch(() => undefined);
  // The end of this pipe tells the supervisor to clean up, and the kernel sends it even if we are killed.
  const stop = async (): Promise<void> => {
    supervisor.stdin?.end();
    await exited;
  };
  try {
    await untilReady(supervisor);
    if (templateFile === undefined) await keepTemplate(join(directory, "template.tar"), template);
  } catch (error) {
    await stop();
    throw error;
  } finally {
    await templateFile?.close();
  }

  const pool = new Pool({ host: directory, user: SUPERUSER, database: DATABASE, max: 2, allowExitOnIdle: true });
  pool.on("error", () => {
    // An idle admin connection was cut; the pool opens another.
  });
  return {
    directory,
    socket: join(directory, ".s.PGSQL.5432"),
    adminUri: `postgresql://${SUPERUSER}@localhost/${DATABASE}?host=${encodeURIComponent(directory)}`,
    query: (text, values) => pool.query(text, values),
    close: async () => {
      await pool.end();
      await stop();
    },
  };
}

function untilReady(supervisor: ReturnType<typeof spawn>): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = "";
    const fail = (why: string): void => {
      clearTimeout(timer);
      reject(new Error(`Postgres did not start: ${why}\n${output.slice(-2000)}`));
    };
    const timer = setTimeout(() => fail(`not ready after ${START_TIMEOUT_MS} ms`), START_TIMEOUT_MS);
    supervisor.once("error", (error) => fail(error.message));
    // The supervisor gives its own end up once the server runs, so this is the end of the server.
    supervisor.stderr?.once("end", () => fail("it ended"));
    const onData = (chunk: Buffer): void => {
      output += chunk.toString();
      if (!output.includes(READY)) return;
      clearTimeout(timer);
      supervisor.stderr?.off("data", onData).resume();
      resolve();
    };
    supervisor.stderr?.on("data", onData);
  });
}

/** Renamed into place, so that a concurrent start sees a whole file or none. */
async function keepTemplate(made: string, template: string): Promise<void> {
  const draft = `${template}-${process.pid}-${Date.now()}`;
  await copyFile(made, draft);
  await rename(draft, template);
  await rm(made);
}
