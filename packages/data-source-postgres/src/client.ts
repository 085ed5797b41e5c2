import { timeoutError } from "@org/data-source-core/adapter";
import { Client } from "pg";
import type { PoolSettings } from "./pool.ts";

/** What the server reported at login and since, such as `DateStyle`. */
export const parametersOf: WeakMap<object, Map<string, string>> = new WeakMap();

/** What the pool does about the end of a login. */
export interface LoginHooks {
  succeeded(startedAt: number): void;
  /** Returns for how many ms the failed attempt is still to count against the pool's `max`. */
  failed(error: object, startedAt: number, token: string | undefined): number;
}

/** A pg.Client that asks for its password at each login, and gives up after `connectTimeoutMs`. */
export function createClientClass(settings: PoolSettings, hooks: LoginHooks): typeof Client {
  return class extends Client {
    constructor(config: object) {
      let token: string | undefined;
      const { password } = settings;
      const source =
        typeof password === "function"
          ? async () => {
              token = await password();
              settings.redact.add(token);
              return token;
            }
          : password;
      // pg hides the password in its options; copying them would lose it.
      super(Object.create(config, { password: { value: source } }) as object);
      this.#token = () => token;
      // Whoever uses or keeps it listens too; one that nobody has any more could end the process by a late error.
      this.on("error", () => undefined);
      const parameters = new Map<string, string>();
      parametersOf.set(this, parameters);
      this.connection.on("parameterStatus", (status: { parameterName: string; parameterValue: string }) => {
        parameters.set(status.parameterName, status.parameterValue);
      });
    }

    readonly #token: () => string | undefined;

    override connect(): Promise<Client>;
    override connect(callback: (error: Error | null, client?: Client) => void): void;
    override connect(callback?: (error: Error | null, client?: Client) => void): Promise<Client> | undefined {
      // The pool, its only user, passes a callback.
      if (!callback) return super.connect();
      const { connectTimeoutMs } = settings;
      const startedAt = performance.now();
      let late: Error | undefined;
      const timer =
        connectTimeoutMs === Infinity
          ? undefined
          : setTimeout(() => {
              late = timeoutError("CONNECT_TIMEOUT", connectTimeoutMs, "postgres");
              this.connection.stream.destroy();
            }, connectTimeoutMs);
      super.connect((error: Error | null) => {
        clearTimeout(timer);
        if (error) {
          const reason = late ?? error;
          // pg leaves the socket open when the password, not the server, is what failed.
          this.connection.stream.destroy();
          setTimeout(callback, hooks.failed(reason, startedAt, this.#token()), reason);
        } else {
          hooks.succeeded(startedAt);
          callback(null, this);
        }
      });
      return undefined;
    }
  };
}
