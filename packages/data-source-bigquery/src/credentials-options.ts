import { ConfigurationError } from "@org/data-source-core";
import { configurationChecks as check } from "@org/data-source-core/adapter";
import { readFileSync } from "node:fs";
import {
  endpoint,
  type AccessTokenProvider,
  type BigQueryDataSourceOptions,
  type ServiceAccountKey,
} from "./options.ts";

/** Who a data source acts as, checked. */
export interface IdentitySetting {
  readonly source:
    | { readonly kind: "key"; readonly key: ServiceAccountKey }
    | { readonly kind: "token"; readonly provider: AccessTokenProvider }
    | { readonly kind: "application-default" };
  readonly impersonate:
    | {
        readonly serviceAccount: string;
        readonly delegates: readonly string[];
        readonly lifetimeSeconds: number;
        readonly endpoint: string;
      }
    | undefined;
  /** The account, where it is known without asking. */
  readonly principal: string | undefined;
  readonly projectId: string | undefined;
  readonly secrets: readonly string[];
}

export function resolveIdentity({ credentials, impersonate }: BigQueryDataSourceOptions): IdentitySetting {
  const source = resolveSource(credentials);
  const key = source.kind === "key" ? source.key : undefined;
  const target = impersonate === undefined ? undefined : resolveImpersonation(impersonate);
  return {
    source,
    impersonate: target,
    principal: target?.serviceAccount ?? key?.client_email,
    projectId: key?.project_id,
    secrets: key ? [key.private_key] : [],
  };
}

const choices = 'credentials must be {serviceAccountKey}, {keyFile}, {accessToken} or "application-default"';

function resolveSource(credentials: unknown): IdentitySetting["source"] {
  if (credentials === undefined || credentials === "application-default") return { kind: "application-default" };
  if (typeof credentials !== "object" || credentials === null) throw new ConfigurationError(choices, "credentials");
  const [kind, ...others] = Object.keys(credentials);
  if (others.length > 0) throw new ConfigurationError(`${choices}; got several`, "credentials");
  const value: unknown = Object.values(credentials)[0];
  if (kind === "serviceAccountKey") return { kind: "key", key: parseKey("credentials.serviceAccountKey", value) };
  if (kind === "accessToken") {
    return { kind: "token", provider: check.func("credentials.accessToken", value) as AccessTokenProvider };
  }
  if (kind === "keyFile") return { kind: "key", key: parseKey("credentials.keyFile", readKey(value)) };
  throw new ConfigurationError(choices, "credentials");
}

function readKey(path: unknown): string {
  try {
    return readFileSync(check.string("credentials.keyFile", path), "utf8");
  } catch (error) {
    if (error instanceof ConfigurationError) throw error;
    const code = String((error as NodeJS.ErrnoException).code);
    throw new ConfigurationError(`credentials.keyFile cannot be read (${code})`, "credentials.keyFile");
  }
}

function parseKey(field: string, value: unknown): ServiceAccountKey {
  let key = value;
  if (typeof value === "string") {
    try {
      key = JSON.parse(value);
    } catch {
      // Its message would quote the text.
      throw new ConfigurationError(`${field} must be a service account's key as JSON`, field);
    }
  }
  const { client_email: email, private_key: secret } = check.object(field, key);
  if (typeof email === "string" && typeof secret === "string" && secret.includes("PRIVATE KEY")) {
    return key as ServiceAccountKey;
  }
  throw new ConfigurationError(
    `${field} must be a service account's key, with client_email and private_key; for other files set GOOGLE_APPLICATION_CREDENTIALS and use "application-default"`,
    field,
  );
}

function resolveImpersonation(value: unknown): NonNullable<IdentitySetting["impersonate"]> {
  const given = check.object("impersonate", value);
  check.known(given, ["serviceAccount", "delegates", "lifetimeSeconds", "endpoint"], "impersonate.");
  const { serviceAccount, delegates = [], lifetimeSeconds = 3600 } = given;
  if (!Array.isArray(delegates)) {
    throw new ConfigurationError("impersonate.delegates must be an array of email addresses", "impersonate.delegates");
  }
  return {
    serviceAccount: check.string("impersonate.serviceAccount", serviceAccount),
    delegates: delegates.map((item, index) => check.string(`impersonate.delegates[${index}]`, item)),
    lifetimeSeconds: check.count("impersonate.lifetimeSeconds", lifetimeSeconds),
    endpoint: endpoint("impersonate.endpoint", given["endpoint"] ?? "https://iamcredentials.googleapis.com"),
  };
}
