import { getPgConfig, type RefreshEvent } from "@org/lakebase-auth";
import { drizzle, type NodePgDatabase } from "drizzle-orm/node-postgres";
import { Pool } from "pg";

/** What is known of the database credential; never the credential. */
export interface TokenState {
  readonly minted: number;
  readonly failed: number;
  readonly mintedAt: Date | undefined;
  /** Why it was minted the last time. */
  readonly cause: string | undefined;
}

export interface Lakebase {
  readonly db: NodePgDatabase;
  readonly token: () => TokenState;
  close(): Promise<void>;
}

/** Connects as PGHOST, PGUSER, LAKEBASE_ENDPOINT, DATABRICKS_HOST and their kind say. */
export function openLakebase(): Lakebase {
  let state: TokenState = { minted: 0, failed: 0, mintedAt: undefined, cause: undefined };
  const onEvent = (event: RefreshEvent): void => {
    if (event.type !== "refresh-end" || event.subject !== "credential") return;
    state =
      event.outcome === "success"
        ? { ...state, minted: state.minted + 1, mintedAt: new Date(), cause: event.cause }
        : { ...state, failed: state.failed + 1 };
  };
  const config = getPgConfig({ onEvent });
  const pool = new Pool({ ...config, max: 10, maxLifetimeSeconds: 2700 });
  // A connection that breaks while nobody uses it is replaced; unheard, it would end the process.
  pool.on("error", (error) => console.error(`An idle connection was lost: ${error.message}`));
  return {
    db: drizzle({ client: pool }),
    token: () => state,
    async close() {
      await pool.end();
      await config.close();
    },
  };
}
