import { access, constants, lstat, mkdir, statfs } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { type DatabaseUser, isReachable } from "./database-user.ts";

/** Longest directory in which a socket `.s.PGSQL.5432` still fits; macOS has the smaller limit, 104 bytes. */
const MAX_SOCKET_DIRECTORY = 104 - "/.s.PGSQL.5432".length - "/lakebase-0123456789ab".length - 1;

const MEMORY_FOLDER = "/dev/shm";
const ROOMY_BYTES = 2 ** 31;

/**
 * Where the data directory goes: TMPDIR if set; else memory if there is plenty, because unpacking 1300 small files is
 * most of the start on a disk. Not where the path is too long for a socket or the user cannot go.
 */
export async function findTemporaryFolder(user: DatabaseUser | undefined): Promise<string> {
  if (process.env["TMPDIR"] === undefined && (await isRoomy(MEMORY_FOLDER))) return MEMORY_FOLDER;
  const usual = tmpdir();
  return usual.length <= MAX_SOCKET_DIRECTORY && (await isReachable(usual, user)) ? usual : "/tmp";
}

async function isRoomy(folder: string): Promise<boolean> {
  try {
    await access(folder, constants.W_OK);
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize >= ROOMY_BYTES;
  } catch {
    return false;
  }
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
