import mysql from "mysql2/promise";
import type { ServerObserver } from "@org/data-source-conformance";
import type { MySqlServer } from "@org/warehouse-emulators/mysql";

export interface Observer extends Required<ServerObserver> {
  readonly openConnections: () => Promise<number>;
  readonly dropConnections: () => Promise<void>;
  readonly statements: () => Promise<number>;
  /** Any SQL, with all privileges. */
  query(text: string): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

/** A connection of its own, which counts neither itself nor what it asks. */
export async function openObserver({ options }: MySqlServer): Promise<Observer> {
  const { host, port, user, password, database, ssl } = options;
  const tls = typeof ssl === "object" ? { ca: ssl.ca } : undefined;
  const connection = await mysql.createConnection({ host, port, user, password, database, ...(tls && { ssl: tls }) });
  let asked = 0;
  const query = async (text: string): Promise<Record<string, unknown>[]> => {
    asked += 1;
    const [rows] = await connection.query(text);
    return Array.isArray(rows) ? (rows as Record<string, unknown>[]) : [];
  };
  const others = `from information_schema.processlist where user = '${user}' and id <> connection_id()`;
  const count = async (text: string): Promise<number> => Number(Object.values((await query(text))[0] ?? {})[0]);
  return {
    query,
    activeStatements: (marker) => count(`select count(*) ${others} and command <> 'Sleep' and info like '%${marker}%'`),
    openConnections: () => count(`select count(*) ${others}`),
    dropConnections: async () => {
      for (const { id } of await query(`select id as id ${others}`))
        await query(`kill ${Number(id)}`).catch(() => undefined);
    },
    statements: async () => {
      const [row] = await query("show global status like 'Questions'");
      return Number(row?.["Value"]) - asked;
    },
    close: () => connection.end(),
  };
}
