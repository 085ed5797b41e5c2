import { Gaxios } from "gaxios";
import { GoogleAuth, JWT, type AuthClient } from "google-auth-library";
import type { Instrument } from "@org/data-source-core/adapter";
import type { IdentitySetting } from "./credentials-options.ts";
import { spanned } from "./engine.ts";
import { credentialError } from "./error-map.ts";
import type { AccessToken } from "./options.ts";
import { createTokenCache, type TokenCache } from "./token.ts";

/** Who asks: headers for a request, and what is known of the account. */
export interface Credentials {
  headers(): Promise<Readonly<Record<string, string>>>;
  /** The server refused these headers; false if fresh ones would be the same. */
  refuse(headers: Readonly<Record<string, string>>): boolean;
  /** Of the credentials, where they have one. */
  projectId(): Promise<string | undefined>;
}

/** BigQuery itself, and Google Cloud for impersonation. */
const scopes = ["https://www.googleapis.com/auth/bigquery", "https://www.googleapis.com/auth/cloud-platform"];
/** Longer than any token takes; nobody waits for it without a deadline of their own. */
const fetchTimeoutMs = 30_000;

/** Runs what asks for a token, under a span. */
type Refresh = <T>(work: () => Promise<T>) => Promise<T>;

export function createCredentials(
  identity: IdentitySetting,
  learn: (secret: string) => void,
  instrument: Pick<Instrument, "span">,
): Credentials {
  const refresh: Refresh = (work) =>
    spanned(instrument, "refresh credential", () =>
      work().catch((error: unknown) => {
        throw credentialError(error);
      }),
    );
  const source = createSource(identity.source, refresh);
  const { impersonate } = identity;
  const credentials = impersonate ? impersonated(source, impersonate, refresh) : source;
  return {
    ...credentials,
    headers: async () => {
      const headers = await credentials.headers();
      learn((headers["authorization"] ?? "").replace(/^Bearer /, ""));
      return headers;
    },
  };
}

function createSource(source: IdentitySetting["source"], refresh: Refresh): Credentials {
  if (source.kind === "token") {
    const cache = createTokenCache(() =>
      refresh(async () => source.provider({ signal: AbortSignal.timeout(fetchTimeoutMs) })),
    );
    return withToken(cache, async () => undefined);
  }
  if (source.kind === "key") {
    const { client_email: email, private_key: key, private_key_id: keyId, project_id: projectId } = source.key;
    const client = new JWT({ email, key, scopes, ...(keyId === undefined ? {} : { keyId }) });
    return withClient(
      async () => selfSigning(client),
      async () => projectId,
    );
  }
  const auth = new GoogleAuth({ scopes });
  return withClient(
    async () => selfSigning(await auth.getClient()),
    async () => await auth.getProjectId(),
  );
}

/** A service account signs its tokens itself: one request and one dependency less than the token endpoint. */
function selfSigning(client: AuthClient): AuthClient {
  if (client instanceof JWT) client.useJWTAccessWithScope = true;
  return client;
}

function withClient(client: () => Promise<AuthClient>, projectId: Credentials["projectId"]): Credentials {
  return {
    headers: async () => Object.fromEntries((await (await client()).getRequestHeaders()).entries()),
    refuse: () => false,
    projectId,
  };
}

function withToken(cache: TokenCache, projectId: Credentials["projectId"]): Credentials {
  return {
    headers: async () => ({ authorization: `Bearer ${await cache.get()}` }),
    refuse: (headers) => {
      cache.refuse((headers["authorization"] ?? "").replace(/^Bearer /, ""));
      return true;
    },
    projectId,
  };
}

function impersonated(
  source: Credentials,
  setting: NonNullable<IdentitySetting["impersonate"]>,
  refresh: Refresh,
): Credentials {
  const { serviceAccount, delegates, lifetimeSeconds, endpoint } = setting;
  const url = `${endpoint}/v1/projects/-/serviceAccounts/${encodeURIComponent(serviceAccount)}:generateAccessToken`;
  const gaxios = new Gaxios();
  const fetchToken = async (): Promise<AccessToken> => {
    const reply = await gaxios.request<{ accessToken?: string; expireTime?: string }>({
      url,
      method: "POST",
      headers: await source.headers(),
      data: { scope: scopes, delegates, lifetime: `${lifetimeSeconds}s` },
      retry: false,
      timeout: fetchTimeoutMs,
    });
    const { accessToken = "", expireTime = "" } = reply.data;
    return { token: accessToken, expiresAt: new Date(expireTime) };
  };
  const cache = createTokenCache(() => refresh(fetchToken));
  return withToken(cache, () => source.projectId());
}
