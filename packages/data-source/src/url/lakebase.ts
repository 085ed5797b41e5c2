import type { DataSourceConfig } from "../config.ts";
import type { UrlReader } from "./url-reader.ts";

const shape = "lakebase://projects/{project}/branches/{branch}/endpoints/{endpoint}?host=…";

/** Host, user and database that it leaves out come from the variables that Databricks Apps set. */
export function lakebase(url: UrlReader): DataSourceConfig {
  if (url.user !== undefined || url.password !== undefined) {
    throw url.error(
      "must not hold a user or password before the @: Lakebase credentials are minted; the role is ?user=…",
    );
  }
  const endpoint = `${url.host ?? ""}/${url.path}`;
  if (url.port !== undefined || !/^projects\/[^/\s]+\/branches\/[^/\s]+\/endpoints\/[^/\s]+$/.test(endpoint)) {
    throw url.error(`must look like ${shape}`);
  }
  const { port, ...rest } = url.params(["host", "port", "user", "database"]);
  return {
    kind: "postgres",
    auth: { endpoint },
    ...rest,
    ...(port === undefined ? {} : { port: url.wholeNumber("port", port) }),
  };
}
