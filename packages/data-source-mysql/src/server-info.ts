import type { Deadline } from "@org/data-source-core/adapter";
import { baseline, type Flavour } from "./settings.ts";

/** What a connection learns when it is opened. */
export interface ServerInfo {
  readonly flavour: Flavour;
  /** As the server says it. */
  readonly version: string;
  /** Of this connection; the handshake's may be a proxy's. */
  readonly connectionId: string;
  /** Which server this is, by its own name and port; `undefined` if it does not say. */
  readonly place: string | undefined;
}

const hello = "select version(), connection_id(), @@hostname, @@port, @@sql_mode";

/** Asks a connection that is new, or was reset, who its server is, and sets what all statements rely on. */
export async function greet(
  ask: (text: string, limit: Deadline) => Promise<unknown[][]>,
  limit: Deadline,
): Promise<ServerInfo> {
  const [row = []] = await ask(hello, limit);
  const [version, id, hostname, port, sqlMode] = row.map((value) =>
    value === null ? undefined : String(value as string | number),
  );
  await ask(`SET ${baseline(sqlMode ?? "")}`, limit);
  return {
    flavour: /mariadb/i.test(version ?? "") ? "mariadb" : "mysql",
    version: version ?? "unknown",
    connectionId: id ?? "0",
    place: hostname === undefined || port === undefined ? undefined : `${hostname}:${port}`,
  };
}
