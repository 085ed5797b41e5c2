import { ConfigurationError } from "@org/data-source-core";
import type { DataSourceConfig } from "./config.ts";

type Failure = (message: string) => ConfigurationError;
type Read = (url: URL, text: string, fail: Failure) => DataSourceConfig;

const postgres: Read = (_url, text) => ({ kind: "postgres", url: text });

const schemes: Readonly<Record<string, Read>> = {
  postgres,
  postgresql: postgres,
  redshift: (_url, text) => ({ kind: "postgres", flavour: "redshift", url: text }),
  lakebase,
};

/**
 * The config that a URL stands for: `postgres://`, `redshift://`, or `lakebase://projects/…`. Throws a
 * ConfigurationError that says what is wrong and never shows the URL, which may hold a password.
 *
 * @example
 * ```ts
 * import { configFromUrl, createDataSource } from "@org/data-source";
 *
 * const url = "postgres://reader@localhost/shop";
 * const source = await createDataSource({ ...configFromUrl(url), access: "read-write" });
 * await source.close();
 * ```
 */
export function configFromUrl(url: string): DataSourceConfig {
  return parse(url, "url");
}

/**
 * The config that a variable's URL stands for.
 *
 * @param name - Default `DATA_SOURCE_URL`.
 * @param env - Where the variable is looked up. Default `process.env`.
 *
 * @example
 * ```ts
 * import { configFromEnv, createDataSource } from "@org/data-source";
 *
 * const env = { REPORTS_URL: "postgres://reader@localhost/shop" };
 * const source = await createDataSource(configFromEnv("REPORTS_URL", env));
 * await source.close();
 * ```
 */
export function configFromEnv(
  name = "DATA_SOURCE_URL",
  env: Readonly<Record<string, string | undefined>> = process.env,
): DataSourceConfig {
  const url = env[name];
  if (url === undefined || url === "") {
    throw new ConfigurationError(`${name} is not set; it must hold a URL such as ${example}`, name);
  }
  return parse(url, name);
}

const example = "postgres://user:password@host:5432/database";

function parse(text: unknown, field: string): DataSourceConfig {
  const fail: Failure = (message) => new ConfigurationError(`${field} ${message}`, field);
  if (typeof text !== "string") throw fail(`must be a URL such as ${example}`);
  const [, scheme = ""] = /^([a-z]+):\/\//.exec(text) ?? [];
  if (!Object.hasOwn(schemes, scheme)) throw fail(`must begin with ${list(Object.keys(schemes))}`);
  const url = URL.parse(text);
  if (url === null) throw fail("is not a valid URL; %-encode characters such as @ : / ? # in a user name or password");
  return (schemes[scheme] as Read)(url, text, fail);
}

const list = (names: readonly string[]): string =>
  names
    .map((name) => `${name}://`)
    .join(", ")
    .replace(/, (?=[^,]*$)/, " or ");

const lakebaseShape = "lakebase://projects/{project}/branches/{branch}/endpoints/{endpoint}";

/** Host, user and database that it leaves out come from the variables that Databricks Apps set. */
function lakebase(url: URL, _text: string, fail: Failure): DataSourceConfig {
  if (url.username !== "" || url.password !== "") {
    throw fail("must not hold a user or password before the @: Lakebase credentials are minted; the role is ?user=…");
  }
  const endpoint = decoded(url.host + url.pathname, fail);
  if (!/^projects\/[^/\s]+\/branches\/[^/\s]+\/endpoints\/[^/\s]+$/.test(endpoint)) {
    throw fail(`must look like ${lakebaseShape}?host=…`);
  }
  const { port, ...rest } = readParams(url, ["host", "port", "user", "database"], fail);
  return {
    kind: "postgres",
    auth: { endpoint },
    ...rest,
    ...(port === undefined ? {} : { port: wholeNumber("port", port, fail) }),
  };
}

/** What follows the question mark, each name at most once and none that is not known. */
function readParams<const Name extends string>(
  url: URL,
  known: readonly Name[],
  fail: Failure,
): { readonly [N in Name]?: string } {
  const params: { [N in Name]?: string } = {};
  for (const [given, value] of url.searchParams) {
    const name = known.find((each) => each === given);
    // A misspelt name is safe to show only where it cannot be part of a password.
    if (name === undefined) throw fail(`has a parameter that is not known; known: ${known.join(", ")}`);
    if (params[name] !== undefined) throw fail(`has ${name} twice`);
    if (value === "") throw fail(`has an empty ${name}`);
    params[name] = value;
  }
  return params;
}

function wholeNumber(name: string, text: string, fail: Failure): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw fail(`has a ${name} that is not a whole number`);
}

function decoded(text: string, fail: Failure): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw fail("has a % that begins no %-encoded character; write %25 for a % sign");
  }
}
