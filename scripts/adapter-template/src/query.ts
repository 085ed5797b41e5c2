import type { DataSource } from "@org/data-source-core";
import { validationChecks as check } from "@org/data-source-core/adapter";
import type { Connection } from "./connection.ts";

/** Run, limit, deadline, cancel, tag. */
export function createQuery(connection: Connection): DataSource["query"] {
  return (request: unknown) => connection.run(check.string("request", request));
}
