import type { EventListener } from "@org/data-source-core";
import { createPoolMetrics, type Instrument, type PoolMetrics, type Redactor } from "@org/data-source-core/adapter";
import type { ConnectionOptions } from "node:tls";
import { Pool, type PoolClient } from "pg";
import { createClientClass, type LoginHooks } from "./client.ts";
import { classifyLogin, type LoginFailure } from "./login-error.ts";
import { isDriverInstrumented } from "./telemetry.ts";

/** A function that gives the password of a login; from lakebase-auth, it can be told of a refused one. */
export interface PasswordSource {
  (): Promise<string> | string;
  readonly invalidate?: (token: string) => void;
  readonly close?: () => Promise<void>;
}

export interface PoolSettings {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly password: string | PasswordSource | undefined;
  readonly ssl: false | ConnectionOptions;
  readonly applicationName: string | undefined;
  readonly max: number;
  readonly idleTimeoutMs: number;
  readonly maxLifetimeMs: number;
  readonly connectTimeoutMs: number;
  /** Whether to wait for an endpoint that refuses because it is waking up. */
  readonly retriesTransient: boolean;
  readonly instrument: Instrument;
  readonly telemetry: { readonly enabled: boolean };
  readonly redact: Redactor;
  readonly onEvent: EventListener;
}

type ConnectCallback = (
  error: Error | undefined,
  client: PoolClient | undefined,
  done: (release?: unknown) => void,
) => void;

interface FailedLogin {
  readonly kind: LoginFailure;
  readonly startedAt: number;
}

const firstBackoffMs = 100;
const longestBackoffMs = 2_000;

/** A pg.Pool that renews a refused credential once, waits for a cold endpoint, and varies the connections' lifetime. */
export class ResilientPool extends Pool {
  readonly #settings: PoolSettings;
  readonly #failures = new WeakMap<object, FailedLogin>();
  /** Failed attempts in a row, on any connection. */
  #failedAttempts = 0;
  readonly #metrics: PoolMetrics;

  constructor(settings: PoolSettings) {
    const { host, port, user, database, ssl, applicationName, max, idleTimeoutMs } = settings;
    super({
      host,
      port,
      user,
      database,
      ssl,
      application_name: applicationName,
      max,
      idleTimeoutMillis: idleTimeoutMs === Infinity ? 0 : idleTimeoutMs,
      // Idle connections do not keep the process alive.
      allowExitOnIdle: true,
      keepAlive: true,
    });
    this.#settings = settings;
    // pg makes its connections by this class.
    Object.assign(this, { Client: createClientClass(settings, this.#loginHooks()) });
    const { maxLifetimeMs, onEvent } = settings;
    if (maxLifetimeMs !== Infinity) {
      // Read by pg for each connection. Up to a tenth less, so that those opened together do not end together.
      Object.defineProperty(this.options, "maxLifetimeSeconds", {
        get: () => (maxLifetimeMs / 1000) * (1 - Math.random() / 10),
      });
    }
    // Without a listener, an idle connection cut by the server would end the process.
    this.#metrics = createPoolMetrics({
      ...settings.telemetry,
      name: `${user}@${host}:${port}/${database}`,
      state: () => {
        const { idleCount: idle, totalCount, waitingCount: waiting } = this;
        return { max, idle, used: totalCount - idle, waiting };
      },
    });
    this.#measureUse();
    this.on("error", () => onEvent({ type: "connection-closed", reason: "An idle connection was lost" }));
  }

  override connect(): Promise<PoolClient>;
  override connect(callback: ConnectCallback): void;
  override connect(callback?: ConnectCallback): Promise<PoolClient> | undefined {
    const connected = this.#connect();
    if (!callback) return connected;
    // Out of the promise, so that what the callback throws is an uncaught exception as in pg, not a rejection.
    connected.then(
      (client) => process.nextTick(callback, undefined, client, client.release),
      (error: Error) => process.nextTick(callback, error, undefined, () => undefined),
    );
    return undefined;
  }

  #connect(): Promise<PoolClient> {
    const span = isDriverInstrumented() ? undefined : this.#settings.instrument.span("acquire connection");
    const since = this.#metrics.now();
    return super
      .connect()
      .catch((error: Error) => this.#connectAgain(error))
      .then(
        (client) => {
          span?.end();
          this.#metrics.waited(since);
          return client;
        },
        (error: Error) => {
          span?.end(error);
          throw error;
        },
      );
  }

  /** After a failure that a new credential or some patience may mend. */
  async #connectAgain(first: Error): Promise<PoolClient> {
    const { connectTimeoutMs, retriesTransient, onEvent } = this.#settings;
    const endsAt = (this.#failures.get(first)?.startedAt ?? -Infinity) + connectTimeoutMs;
    let renewed = false;
    let last = first;
    for (let attempt = 2; ; attempt += 1) {
      const failure = this.#failures.get(last);
      const renew: boolean = failure?.kind === "credential" && !renewed && this.#invalidates();
      const wait = failure?.kind === "transient" && retriesTransient && performance.now() < endsAt;
      if (!renew && !wait) throw last;
      renewed ||= renew;
      onEvent({ type: "retry", attempt, reason: renew ? "credential refused" : "endpoint not ready" });
      try {
        return await super.connect();
      } catch (error) {
        last = error as Error;
      }
    }
  }

  #measureUse(): void {
    const since = new WeakMap<object, number>();
    this.on("acquire", (client) => {
      const now = this.#metrics.now();
      if (now > 0) since.set(client, now);
    });
    this.on("release", (_error, client) => {
      const acquired = since.get(client);
      if (acquired !== undefined) this.#metrics.used(acquired);
    });
  }

  /** A caller gave up before it got a connection. */
  timedOut(): void {
    this.#metrics.timedOut();
  }

  override end(): Promise<void>;
  override end(callback: () => void): void;
  override end(callback?: () => void): Promise<void> | undefined {
    this.#metrics.close();
    if (!callback) return super.end();
    super.end(callback);
    return undefined;
  }

  #invalidates(): boolean {
    const { password } = this.#settings;
    return typeof password === "function" && password.invalidate !== undefined;
  }

  /** Notes why an attempt failed; returns for how many ms it is still to count against `max`. */
  #onFailure(error: object, startedAt: number, token: string | undefined): number {
    const { password, retriesTransient } = this.#settings;
    const kind = classifyLogin(error);
    this.#failures.set(error, { kind, startedAt });
    if (kind === "credential" && typeof password === "function" && token !== undefined) password.invalidate?.(token);
    if (kind !== "transient" || !retriesTransient) return 0;
    const longest = Math.min(longestBackoffMs, firstBackoffMs * 2 ** this.#failedAttempts);
    this.#failedAttempts += 1;
    return longest * (0.5 + Math.random() / 2);
  }

  #loginHooks(): LoginHooks {
    return {
      succeeded: (startedAt) => {
        this.#failedAttempts = 0;
        this.#metrics.created(startedAt);
        this.#settings.onEvent({ type: "connection-opened", durationMs: performance.now() - startedAt });
      },
      failed: (error, startedAt, token) => this.#onFailure(error, startedAt, token),
    };
  }
}
