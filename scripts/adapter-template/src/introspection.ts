import type { DataSource } from "@org/data-source-core";
import type { Connection } from "./connection.ts";
import { notWritten } from "./error-map.ts";

/** Catalog queries: a fixed number, names bound as parameters. */
export function createIntrospect(_connection: Connection): DataSource["introspect"] {
  return () => Promise.reject(notWritten("introspect"));
}
