import { createEngine } from "./engine.ts";
import { createFaults, type Fault } from "./faults.ts";
import { startHttpServer } from "./http.ts";
import { createOAuthTokens, type OAuthTokens } from "./login.ts";
import { defaultRoles, defaultUser, type SnowflakeEmulatorOptions } from "./options.ts";
import { createQueries, type Gate, type ServerQuery } from "./queries.ts";
import { createHandler } from "./routes.ts";
import { createScripts, type Script } from "./scripts.ts";
import { createSessions, type Expiry } from "./sessions.ts";

/** A local Snowflake; docs/snowflake.md says what it supports. */
export interface SnowflakeEmulator extends AsyncDisposable {
  readonly url: string;
  readonly account: string;
  /** For `snowflake.createConnection`: the first user, by password. */
  readonly connectionOptions: {
    readonly account: string;
    readonly accessUrl: string;
    readonly username: string;
    readonly password: string;
  };
  readonly oauthTokens: OAuthTokens;
  /** Answers a statement in place of the engine. */
  script(script: Script): void;
  /** Makes the next matching requests fail. */
  inject(fault: Fault): void;
  clearFaults(): void;
  /** Ends all live sessions, or those given; `gone` also aborts what they run. */
  expire(how: Expiry, sessionIds?: readonly string[]): void;
  /** Matching statements are accepted and then wait until released. */
  hold(match: string | RegExp): Gate;
  /** Requests by kind (`login`, `query`, `result`…), `sessions` opened, `duplicates` by request id, `unknown` paths. */
  count(what: string): number;
  /** Of the sessions that are open, in the order of their logins. */
  readonly sessionIds: readonly string[];
  /** What a session's login asked for. */
  sessionParameters(sessionId: string): Readonly<Record<string, unknown>> | undefined;
  /** Every statement so far. */
  readonly statements: readonly ServerQuery[];
  /** How many running statements hold this text. */
  running(text: string): number;
  close(): Promise<void>;
}

/**
 * Starts the emulator on a free port of 127.0.0.1.
 *
 * @example
 * await using emulator = await startSnowflakeEmulator();
 * const connection = snowflake.createConnection(emulator.connectionOptions);
 */
export async function startSnowflakeEmulator(options: SnowflakeEmulatorOptions = {}): Promise<SnowflakeEmulator> {
  const now = options.now ?? Date.now;
  const users = options.users ?? [defaultUser];
  const account = "emulator";
  const counters = new Map<string, number>();
  const count = (what: string): void => void counters.set(what, (counters.get(what) ?? 0) + 1);
  const engine = await createEngine({ roles: options.roles ?? defaultRoles, now });
  const sessions = createSessions(engine, {
    account,
    now,
    sessionTokenTtlMs: options.sessionTokenTtlMs ?? 3_600_000,
    masterTokenTtlMs: options.masterTokenTtlMs ?? 4 * 3_600_000,
  });
  const scripts = createScripts();
  const faults = createFaults();
  const queries = createQueries(scripts, () => count("duplicates"));
  const oauthTokens = createOAuthTokens(now);
  const expire = (how: Expiry, ids?: readonly string[]): void => {
    const before = new Set(sessions.live.map(({ id }) => id));
    sessions.expire(how, ids);
    if (how !== "gone") return;
    for (const { id } of sessions.live) before.delete(id);
    for (const query of queries.all) if (before.has(query.sessionId)) query.abort();
  };
  const stopped = Promise.withResolvers<void>();
  const shape = { inlineRows: options.inlineRows ?? 10_000, chunkRows: options.chunkRows ?? 10_000 };
  const server = await startHttpServer(
    createHandler({
      sessions,
      queries,
      faults,
      settings: { account, users, now, oauthTokens, inProgressAfterMs: options.inProgressAfterMs ?? 45_000 },
      shape: () => ({ origin: url, ...shape }),
      count,
      stopped: stopped.promise,
    }),
  );
  const url = `http://127.0.0.1:${server.port}`;
  const first = users[0] ?? defaultUser;
  const close = async (): Promise<void> => {
    stopped.resolve();
    for (const query of queries.all) query.abort();
    await Promise.all(queries.all.map((query) => query.done));
    sessions.expire("gone");
    await server.close();
    engine.close();
  };
  return {
    url,
    account,
    connectionOptions: { account, accessUrl: url, username: first.name, password: first.password ?? "" },
    oauthTokens,
    script: scripts.add,
    inject: faults.add,
    clearFaults: faults.clear,
    expire,
    hold: queries.hold,
    count: (what) => counters.get(what) ?? 0,
    get sessionIds() {
      return sessions.live.map((session) => session.id);
    },
    sessionParameters: (id) => sessions.live.find((session) => session.id === id)?.parameters,
    statements: queries.all,
    running: (text) => queries.all.filter((query) => query.status === "RUNNING" && query.sql.includes(text)).length,
    close,
    [Symbol.asyncDispose]: close,
  };
}
