import type { DataSourceConfig } from "../config.ts";
import type { UrlReader } from "./url-reader.ts";

const shape = "snowflake://user:password@account/database/schema?warehouse=…&role=…";
const authenticators = ["externalbrowser"] as const;

/** Instead of the password: `privateKeyPath` (with `privateKeyPass`), `accessToken`, `oauthToken` or `authenticator`. */
export function snowflake(url: UrlReader): DataSourceConfig {
  const { user, password, host: account, port, path } = url;
  const [database = "", schema = "", ...rest] = path.split("/");
  if (account === undefined || port !== undefined || rest.length > 0) throw url.error(`must look like ${shape}`);
  const { authenticator: given, ...params } = url.params([
    "warehouse",
    "role",
    "privateKeyPath",
    "privateKeyPass",
    "accessToken",
    "oauthToken",
    "authenticator",
    "accessUrl",
    "application",
  ]);
  const authenticator = authenticators.find((each) => each === given);
  if (given !== undefined && authenticator === undefined) {
    throw url.error(`has an authenticator that is not known; known: ${authenticators.join(", ")}`);
  }
  return {
    kind: "snowflake",
    account,
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined ? {} : { password }),
    ...(database === "" ? {} : { database }),
    ...(schema === "" ? {} : { schema }),
    ...params,
    ...(authenticator === undefined ? {} : { authenticator }),
  };
}
