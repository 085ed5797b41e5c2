import type { DataSourceConfig } from "../config.ts";
import { bigquery } from "./bigquery.ts";
import { lakebase } from "./lakebase.ts";
import { snowflake } from "./snowflake.ts";
import { createUrlReader, urlError, type UrlReader } from "./url-reader.ts";

type Read = (url: UrlReader, text: string) => DataSourceConfig;

// Their adapters read these themselves.
const postgres: Read = (_url, text) => ({ kind: "postgres", url: text });
const mysql: Read = (_url, text) => ({ kind: "mysql", url: text });

const schemes: Readonly<Record<string, Read>> = {
  postgres,
  postgresql: postgres,
  redshift: (_url, text) => ({ kind: "postgres", flavour: "redshift", url: text }),
  lakebase,
  mysql,
  mariadb: mysql,
  snowflake,
  bigquery,
};

/** The config that a URL stands for; `field` is what errors call it. */
export function parseUrl(text: unknown, field: string): DataSourceConfig {
  if (typeof text !== "string") throw urlError(field, `must be a URL such as ${exampleUrl}`);
  const [, scheme = ""] = /^([a-z]+):\/\//.exec(text) ?? [];
  const read = Object.hasOwn(schemes, scheme) ? schemes[scheme] : undefined;
  if (read === undefined) throw urlError(field, `must begin with ${anyScheme}`);
  const url = URL.parse(text);
  if (url === null) throw urlError(field, `is not a valid URL; ${advice}`);
  // What follows it would be dropped: the half of a password that begins with digits, host and all.
  if (text.includes("#")) throw urlError(field, `has a #, which ends a URL; ${advice}`);
  return read(createUrlReader(url, field), text);
}

const advice = "%-encode characters such as @ : / ? # in a user name or password";

export const exampleUrl = "postgres://user:password@host:5432/database";

const anyScheme = Object.keys(schemes)
  .map((name) => `${name}://`)
  .join(", ")
  .replace(/, (?=[^,]*$)/, " or ");
