import { execFile } from "node:child_process";
import { lstat, realpath } from "node:fs/promises";
import { dirname } from "node:path";
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
