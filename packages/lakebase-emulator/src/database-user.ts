import { execFile } from "node:child_process";
import { lstat, mkdir, realpath } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

/** The OS user that Postgres runs as when we are root, because Postgres refuses to run as root. */
export interface DatabaseUser {
  uid: number;
  gid: number;
}

/** `undefined`: we are not root, and Postgres runs as we do. */
export async function findDatabaseUser(): Promise<DatabaseUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  // initdb needs a user that has a name; these two need not be created.
  for (const name of ["postgres", "nobody"]) {
    try {
      const [uid, gid] = await Promise.all([idOf(name, "-u"), idOf(name, "-g")]);
      if (uid > 0) return { uid, gid };
    } catch {
      // No such user: try the next.
    }
  }
  throw new Error("Postgres refuses to run as root, and there is no user postgres or nobody: run as another user");
}

async function idOf(name: string, flag: string): Promise<number> {
  const { stdout } = await promisify(execFile)("id", [flag, name]);
  return Number(stdout);
}

/** Whether the user can reach and read this path. Looks at modes only, so an ACL can make it say no too often. */
export async function isReachable(path: string, user: DatabaseUser | undefined): Promise<boolean> {
  if (user === undefined) return true;
  const target = await realpath(path);
  for (let current = target; ; current = dirname(current)) {
    const { mode, uid, gid } = await lstat(current);
    const shift = uid === user.uid ? 6 : gid === user.gid ? 3 : 0;
    const needed = current === target ? 0o5 : 0o1;
    if (((mode >> shift) & needed) !== needed) return false;
    if (dirname(current) === current) return true;
  }
}

/** Longest directory in which a socket `.s.PGSQL.5432` still fits; macOS has the smaller limit, 104 bytes. */
const MAX_SOCKET_DIRECTORY = 104 - "/.s.PGSQL.5432".length - "/lakebase-XXXXXX".length - 1;

/** The folder for temporary directories: the usual one, unless its path is too long or closed to the user. */
export async function findTemporaryFolder(user: DatabaseUser | undefined): Promise<string> {
  const usual = tmpdir();
  return usual.length <= MAX_SOCKET_DIRECTORY && (await isReachable(usual, user)) ? usual : "/tmp";
}

/**
 * The directory that is kept between starts. For root it is outside of root's home, which the database's user cannot
 * enter; and not in the temporary folder, where a cleaner may take away single files of a tree.
 */
export async function openCacheDirectory(wanted: string | undefined): Promise<string> {
  const uid = process.getuid?.() ?? 0;
  const candidates =
    wanted !== undefined
      ? [wanted]
      : [
          uid === 0
            ? "/var/cache/lakebase-emulator"
            : join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "lakebase-emulator"),
          join(tmpdir(), `lakebase-emulator-${uid}`),
        ];
  let failure: unknown;
  for (const directory of candidates) {
    try {
      await mkdir(directory, { recursive: true, mode: 0o755 });
      const stat = await lstat(directory);
      if (!stat.isDirectory() || stat.uid !== uid || (stat.mode & 0o022) !== 0) {
        throw new Error(
          `${directory}: expected a directory that only we can write to; remove it, or set cacheDirectory`,
        );
      }
      return directory;
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}
