import type { DataSource } from "@org/data-source-core";
import type { Connection } from "./connection.ts";
import { notWritten } from "./error-map.ts";

/** Rows in batches, as they are asked for; see `createQueryStream` in core. */
export function createStream(_connection: Connection): DataSource["stream"] {
  return () => {
    throw notWritten("stream");
  };
}
