import { type Environment, readVariable } from "./environment.ts";
import { ConfigurationError, ValidationError } from "./errors.ts";
import { checkOneOf } from "./validate.ts";
import { isLoopback } from "./workspace-url.ts";

/** libpq's names. All but `disable` verify the certificate and the host name. */
export type SslMode = "verify-full" | "verify-ca" | "require" | "prefer" | "disable";

/** TLS settings for Node's drivers: `node:tls` options, with `serverName` beside `servername` for Bun. */
export interface SslOptions {
  readonly rejectUnauthorized?: boolean;
  readonly ca?: string | string[];
  readonly servername?: string;
  readonly serverName?: string;
  readonly [option: string]: unknown;
}

export interface SslInput {
  readonly host: string;
  readonly sslMode: SslMode | undefined;
  readonly ssl: boolean | SslOptions | undefined;
  readonly allowCleartext: boolean;
  readonly env: Environment;
}

const MODES = ["verify-full", "verify-ca", "require", "prefer", "disable"];
/** An address, or several hosts (postgres.js), of which the driver names each. */
const NOT_ONE_NAME = /[:,]|^\d{1,3}(\.\d{1,3}){3}$/;

/** Verified TLS, or `false` where the token cannot leave the machine or the caller insists. */
export function resolveSsl({ host, sslMode, ssl, allowCleartext, env }: SslInput): false | SslOptions {
  const field = sslMode === undefined ? "PGSSLMODE" : "sslMode";
  const mode = sslMode ?? readVariable(env, "PGSSLMODE") ?? "verify-full";
  checkOneOf(field, mode, MODES);
  if (ssl !== undefined && typeof ssl !== "boolean" && (typeof ssl !== "object" || ssl === null))
    throw new ValidationError("ssl", "expected true, false or TLS options such as { ca }; modes go into sslMode");
  // With several hosts (postgres.js) the token may go to any of them.
  const mayExpose = allowCleartext || host.split(",").every(isLoopback);
  const isOff = ssl === false || (ssl === undefined && mode === "disable");
  if (isOff) {
    if (mayExpose) return false;
    throw new ConfigurationError(
      `TLS is switched off (${ssl === false ? "ssl: false" : `${field}=disable`}) for ${host}: the token would travel in the clear. Remove that setting, or pass allowCleartext: true if the network itself is encrypted.`,
    );
  }
  const own = typeof ssl === "object" ? ssl : {};
  const rejectUnauthorized: unknown = own.rejectUnauthorized ?? true;
  if (typeof rejectUnauthorized !== "boolean" || !(rejectUnauthorized || mayExpose))
    throw new ValidationError(
      "ssl.rejectUnauthorized",
      "expected true: an unverified server would be handed the token. For a private CA pass ssl: { ca }",
    );
  const name = NOT_ONE_NAME.test(host) ? {} : { servername: host, serverName: host };
  return { ...name, ...own, rejectUnauthorized };
}
