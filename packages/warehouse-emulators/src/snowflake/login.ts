import type { LoginData } from "./http.ts";
import { isValidJwt } from "./jwt.ts";
import type { EmulatedUser } from "./options.ts";
import type { ServerSession, Sessions } from "./sessions.ts";
import { SnowflakeFailure } from "./wire.ts";

export interface LoginSettings {
  readonly account: string;
  readonly users: readonly EmulatedUser[];
  readonly now: () => number;
  readonly oauthTokens: OAuthTokens;
}

/** OAuth access tokens that the emulator has handed out. */
export interface OAuthTokens {
  /** A token for `user`, valid for `ttlMs`. */
  issue(user: string, ttlMs: number): string;
  revoke(token: string): void;
  check(token: string, now: number): string;
}

export function createOAuthTokens(now: () => number): OAuthTokens {
  const tokens = new Map<string, { user: string; expiresAt: number }>();
  return {
    issue: (user, ttlMs) => {
      const token = `oauth-${tokens.size}-${Math.random().toString(36).slice(2)}`;
      tokens.set(token, { user, expiresAt: now() + ttlMs });
      return token;
    },
    revoke: (token) => void tokens.delete(token),
    check: (token, at) => {
      const known = tokens.get(token);
      if (!known) throw new SnowflakeFailure("390303", "Invalid OAuth access token.", "08001");
      if (at >= known.expiresAt) throw new SnowflakeFailure("390318", "OAuth access token expired.", "08001");
      return known.user;
    },
  };
}

const refused = new SnowflakeFailure("390100", "Incorrect username or password was specified.", "08001");

/** Checks the credentials of a login request and opens the session. */
export function login(
  data: LoginData,
  query: URLSearchParams,
  sessions: Sessions,
  settings: LoginSettings,
): ServerSession {
  const user = userOf(data, settings);
  const role = query.get("roleName") ?? user.defaultRole ?? "SYSADMIN";
  return sessions.open({
    user: user.name,
    role: role.toUpperCase(),
    warehouse: query.get("warehouse") ?? "DEMO_WH",
    parameters: data.SESSION_PARAMETERS ?? {},
  });
}

function userOf(data: LoginData, { account, users, now, oauthTokens }: LoginSettings): EmulatedUser {
  const name = data.LOGIN_NAME ?? "";
  const token = data.TOKEN ?? "";
  const find = (wanted: string): EmulatedUser | undefined =>
    users.find((user) => user.name.toUpperCase() === wanted.toUpperCase());
  const named = find(name);
  switch (data.AUTHENTICATOR) {
    case undefined:
    case "SNOWFLAKE":
      if (named?.password !== undefined && named.password === data.PASSWORD) return named;
      throw refused;
    case "SNOWFLAKE_JWT":
      if (named?.publicKey !== undefined) {
        const key = { publicKey: named.publicKey, account, user: named.name, now: now() };
        if (isValidJwt(token, key)) return named;
      }
      throw new SnowflakeFailure("390144", "JWT token is invalid.", "08001");
    case "OAUTH":
      return find(oauthTokens.check(token, now())) ?? { name };
    case "PROGRAMMATIC_ACCESS_TOKEN": {
      const owner = users.find((user) => user.accessTokens?.includes(token));
      if (owner && (named === undefined || named === owner)) return owner;
      throw new SnowflakeFailure("394400", "Programmatic access token is invalid.", "08001");
    }
    default:
      throw new SnowflakeFailure(
        "390190",
        `Snowflake emulator: not supported: authenticator ${data.AUTHENTICATOR}`,
        "08001",
      );
  }
}
