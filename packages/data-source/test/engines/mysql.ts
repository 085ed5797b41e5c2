import { startMySqlServer } from "@org/warehouse-emulators/mysql";
import { createConnection, type RowDataPacket } from "mysql2/promise";
import type { Engine } from "./engine.ts";

export async function startMySql(): Promise<Engine> {
  const server = await startMySqlServer();
  const { ssl, ...login } = server.options;
  const observer = await createConnection({ ...login, ...(typeof ssl === "object" && { ssl }) });
  const clients = async (): Promise<number[]> => {
    const [rows] = await observer.query<RowDataPacket[]>(
      "select id as id from information_schema.processlist where user = ? and id <> connection_id()",
      [login.user],
    );
    return rows.map((row) => Number(row["id"]));
  };
  return {
    config: { kind: "mysql", ...server.options },
    faults: {
      "kill connections": async () => {
        // One may have gone by itself in between.
        for (const id of await clients()) await observer.query(`kill ${id}`).catch(() => undefined);
      },
    },
    open: async () => (await clients()).length,
    [Symbol.asyncDispose]: async () => {
      await observer.end();
      await server.close();
    },
  };
}
