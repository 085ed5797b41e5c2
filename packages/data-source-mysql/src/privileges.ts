import type { Deadline } from "@org/data-source-core/adapter";
import type { Connection } from "./connection.ts";

export interface Privileges {
  /** `undefined`: roles are granted whose own privileges are not shown. */
  readonly canWrite: boolean | undefined;
  readonly writes: readonly string[];
  readonly hasFile: boolean;
}

/** Everything that neither changes data nor definitions. */
const harmless = new Set(
  `USAGE|SELECT|SHOW VIEW|SHOW DATABASES|SHOW_ROUTINE|PROCESS|REPLICATION CLIENT|BINLOG MONITOR|REPLICATION SLAVE|LOCK TABLES|REFERENCES|
SLAVE MONITOR|REPLICA MONITOR|PROXY|SHOW CREATE ROUTINE|CONNECTION ADMIN|CONNECTION_ADMIN|EXECUTE|CREATE TEMPORARY TABLES`
    .split("|")
    .map((name) => name.trim()),
);

export async function readPrivileges(connection: Connection, deadline: Deadline): Promise<Privileges> {
  const rows = await connection.ask("SHOW GRANTS", deadline);
  return parseGrants(rows.map(([text]) => String(text)));
}

/** From the statements that SHOW GRANTS gives: `GRANT SELECT, INSERT (a, b) ON db.* TO …`, or a role's. */
export function parseGrants(grants: readonly string[]): Privileges {
  const writes = new Set<string>();
  let hasFile = false;
  let hasRoles = false;
  for (const grant of grants) {
    const [, list] = /^GRANT (.+?) ON .+ TO /s.exec(grant) ?? [];
    if (list === undefined) {
      hasRoles ||= /^GRANT .+ TO /s.test(grant);
      continue;
    }
    for (const part of list.replaceAll(/\([^)]*\)/g, "").split(",")) {
      const privilege = part.trim().toUpperCase();
      hasFile ||= privilege === "FILE" || (privilege.startsWith("ALL") && / ON \*\.\* TO /.test(grant));
      if (!harmless.has(privilege)) writes.add(privilege);
    }
  }
  return { canWrite: writes.size > 0 ? true : hasRoles ? undefined : false, writes: [...writes], hasFile };
}
