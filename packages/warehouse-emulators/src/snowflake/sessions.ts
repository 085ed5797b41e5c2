import { randomUUID } from "node:crypto";
import type { Engine } from "./engine.ts";
import type { EngineSession } from "./engine-session.ts";
import { failures } from "./wire.ts";

/** How a session ended, and so what the next request on it is answered. */
export type Expiry =
  /** 390112, and a renewal succeeds. */
  | "session-token"
  /** 390112, and the renewal fails with 390114. */
  | "both-tokens"
  /** 390114 at once. */
  | "authentication"
  /** 390111. */
  | "gone"
  /** 390104. */
  | "invalid";

export interface ServerSession {
  readonly id: string;
  readonly user: string;
  readonly role: string;
  readonly engine: EngineSession;
  /** As the login asked for them. */
  readonly parameters: Readonly<Record<string, unknown>>;
  sessionToken: string;
  masterToken: string;
  sessionTokenExpiresAt: number;
  masterTokenExpiresAt: number;
  ended: Exclude<Expiry, "session-token"> | undefined;
  /** Its statements that have not ended. */
  readonly running: Set<Promise<void>>;
}

export interface Sessions {
  open(login: {
    readonly user: string;
    readonly role: string;
    readonly warehouse: string;
    readonly parameters: Readonly<Record<string, unknown>>;
  }): ServerSession;
  /** The session of a request; throws what the service would answer. */
  authenticate(token: string | undefined): ServerSession;
  renew(masterToken: string | undefined): ServerSession;
  /** Of all live sessions, or the given ones. */
  expire(how: Expiry, ids?: readonly string[]): void;
  close(session: ServerSession): void;
  readonly live: readonly ServerSession[];
}

export interface SessionSettings {
  readonly account: string;
  readonly now: () => number;
  readonly sessionTokenTtlMs: number;
  readonly masterTokenTtlMs: number;
}

export function createSessions(engine: Engine, settings: SessionSettings): Sessions {
  const { now, sessionTokenTtlMs, masterTokenTtlMs } = settings;
  const byToken = new Map<string, ServerSession>();
  const all = new Map<string, ServerSession>();

  const end = (session: ServerSession, how: Exclude<Expiry, "session-token">): void => {
    session.ended ??= how;
    // What the service has accepted goes on, and its transaction with it.
    void Promise.all(session.running).then(() => session.engine.end());
  };
  const issue = (session: ServerSession): void => {
    session.sessionToken = `session-${randomUUID()}`;
    session.masterToken = `master-${randomUUID()}`;
    session.sessionTokenExpiresAt = now() + sessionTokenTtlMs;
    session.masterTokenExpiresAt = now() + masterTokenTtlMs;
    // Retired tokens still lead to their session: the service calls them expired, not invalid.
    byToken.set(session.sessionToken, session);
    byToken.set(session.masterToken, session);
  };
  return {
    get live() {
      return [...all.values()].filter((session) => session.ended === undefined && now() < session.masterTokenExpiresAt);
    },
    open: ({ user, role, warehouse, parameters }) => {
      const id = String(10_000 + all.size);
      const names = { user, role, warehouse, account: settings.account, sessionId: id };
      const tokens = { sessionToken: "", masterToken: "", sessionTokenExpiresAt: 0, masterTokenExpiresAt: 0 };
      const running = new Set<Promise<void>>();
      const session: ServerSession = {
        running,
        parameters,
        id,
        user,
        role,
        engine: engine.openSession(names),
        ended: undefined,
        ...tokens,
      };
      all.set(id, session);
      issue(session);
      return session;
    },
    authenticate: (token) => {
      const session = byToken.get(token ?? "");
      if (!session || session.ended === "invalid") throw failures.sessionInvalid;
      if (session.ended === "gone") throw failures.sessionGone;
      if (session.ended === "authentication") throw failures.masterTokenExpired;
      if (now() >= session.masterTokenExpiresAt) end(session, "both-tokens");
      const isCurrent = token === session.sessionToken && now() < session.sessionTokenExpiresAt;
      if (session.ended !== undefined || !isCurrent) throw failures.sessionTokenExpired;
      return session;
    },
    renew: (masterToken) => {
      const session = byToken.get(masterToken ?? "");
      if (!session) throw failures.sessionInvalid;
      if (session.ended !== undefined || masterToken !== session.masterToken || now() >= session.masterTokenExpiresAt) {
        throw failures.masterTokenExpired;
      }
      issue(session);
      return session;
    },
    expire: (how, ids) => {
      for (const session of all.values()) {
        if (session.ended !== undefined || (ids && !ids.includes(session.id))) continue;
        if (how === "session-token") session.sessionTokenExpiresAt = now();
        else end(session, how);
      }
    },
    close: (session) => end(session, "gone"),
  };
}
