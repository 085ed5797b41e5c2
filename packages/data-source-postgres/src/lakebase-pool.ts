import { DataSourceError, type PoolOptions, type TelemetryOptions } from "@org/data-source-core";
import { configurationChecks as check, type Instrument } from "@org/data-source-core/adapter";
import type { ConnectionOptions as LakebaseOptions } from "@org/lakebase-auth";
import { DatabaseError, type Pool } from "pg";
import { codeOf } from "./error-map.ts";
import { resolveOptions } from "./options.ts";
import { type PoolSettings, ResilientPool } from "./pool.ts";
import { createPostgresInstrument } from "./telemetry.ts";

/** The options of `@org/lakebase-auth`, and the pool's. */
export interface LakebasePoolOptions extends LakebaseOptions {
  /** `maxLifetimeMs` is 2,700,000 by default, up to a tenth less for each connection. */
  readonly pool?: Omit<PoolOptions, "acquireTimeoutMs">;
  /** Milliseconds to open one connection: minting a credential and waking the endpoint up included. Default 30,000. */
  readonly connectTimeoutMs?: number;
  readonly telemetry?: TelemetryOptions;
}

/**
 * A `pg.Pool` on Lakebase, for drizzle, Kysely and whatever else takes one. Passwords are minted and renewed; a refused
 * one is renewed once; an endpoint that wakes up is waited for; `end()` also stops the renewal.
 *
 * @param options - Unset ones come from the environment, as Databricks Apps set it. Throws a ConfigurationError that
 * names what is missing or malformed.
 *
 * @example
 * const pool = createLakebasePool({ pool: { max: 20 } });
 * const db = drizzle(pool);
 * await pool.end();
 */
export function createLakebasePool(options: LakebasePoolOptions = {}): Pool {
  check.object("options", options);
  const { pool, connectTimeoutMs, telemetry, ...auth } = options;
  const resolved = resolveOptions({
    auth,
    ...(pool && { pool }),
    ...(connectTimeoutMs !== undefined && { connectTimeoutMs }),
    ...(telemetry && { telemetry }),
  });
  const instrument = createPostgresInstrument(resolved);
  resolved.refreshSpans?.start(instrument);
  return new LakebasePool({ ...resolved, ...resolved.pool, retriesTransient: true, instrument });
}

type Callback = (error: Error | undefined, result: unknown) => void;

/** With spans around `query`, in both of its forms. */
class LakebasePool extends ResilientPool {
  readonly #instrument: Instrument;
  readonly #close: (() => Promise<void>) | undefined;

  constructor(settings: PoolSettings & { readonly instrument: Instrument }) {
    super(settings);
    this.#instrument = settings.instrument;
    this.#close = typeof settings.password === "function" ? settings.password.close : undefined;
    Object.assign(this, { query: this.#observe(this.query.bind(this)) });
  }

  override end(): Promise<void>;
  override end(callback: () => void): void;
  override end(callback?: () => void): Promise<void> | undefined {
    if (!callback) return super.end().then(() => this.#close?.());
    super.end(() => {
      void this.#close?.();
      callback();
    });
    return undefined;
  }

  /** pg's own `query` has eight overloads; its arguments pass through as they are. */
  #observe(query: (...args: never[]) => unknown): (...args: unknown[]) => unknown {
    return (...args) => {
      const [first] = args as [string | { text?: string; submit?: unknown } | undefined];
      const text = typeof first === "string" ? first : first?.text;
      // A cursor or stream is given back at once, and its end is not seen here.
      if (text === undefined || (typeof first === "object" && first.submit !== undefined)) {
        return query(...(args as never[]));
      }
      const operation = this.#instrument.start({ name: "query", text });
      const callback = args.at(-1);
      if (typeof callback === "function") {
        args[args.length - 1] = (error: Error | undefined, result: unknown) => {
          operation.end(error ? { error: spanError(error) } : { rows: rowsOf(result) });
          (callback as Callback)(error, result);
        };
        return operation.run(() => query(...(args as never[])));
      }
      return operation
        .run(() => query(...(args as never[])) as Promise<unknown>)
        .then(
          (result) => {
            operation.end({ rows: rowsOf(result) });
            return result;
          },
          (error: Error) => {
            operation.end({ error: spanError(error) });
            throw error;
          },
        );
    };
  }
}

/** A simple query of several statements has several results. */
function rowsOf(result: unknown): number {
  const results = (Array.isArray(result) ? result : [result]) as { rows?: readonly unknown[] }[];
  return results.reduce((sum, { rows = [] }) => sum + rows.length, 0);
}

/** What a span says of an error: its codes, not its text. The caller gets pg's own. */
function spanError(error: Error): Error {
  if (!(error instanceof DatabaseError)) return error;
  return new DataSourceError({ code: codeOf(error.code ?? ""), message: "", sqlState: error.code });
}
