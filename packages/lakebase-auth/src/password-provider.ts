import type { DatabaseCredential } from "./credential.ts";
import { resolveCredentialSource } from "./credential-source.ts";
import { closedError, CredentialError, ValidationError } from "./errors.ts";
import { createReporter } from "./events.ts";
import { callForeign } from "./foreign.ts";
import { checkOptions, environmentOf, PROVIDER_FIELDS, type ProviderOptions, resolveRefresh } from "./options.ts";
import { readVariable } from "./environment.ts";
import { createRefreshCache, type Holder, type RefreshCache } from "./refresh-cache.ts";
import { acquireShared, type Closeable, type ShareKey } from "./shared.ts";
import { createWaitingRoom, keepAlive } from "./timers.ts";

/** A function that resolves to the current password, and what belongs to it. */
export interface PasswordProvider extends AsyncDisposable {
  (options?: { readonly signal?: AbortSignal }): Promise<string>;
  /** Forces one refresh, if `token` is still the cached one: for a login that the server refused. */
  readonly invalidate: (token: string) => void;
  /** Stops the background renewal and rejects waiting calls; others who share the credential go on. */
  readonly close: () => Promise<void>;
  /** The same as `close`. */
  readonly dispose: () => Promise<void>;
}

/**
 * A password function for any driver: it resolves to a valid database credential, minted, cached, renewed
 * early and retried. Rejects with a CredentialError only when no valid credential remains, and with the code
 * "CLOSED" after `close`.
 *
 * @param options - Unset ones come from the environment. Throws a ConfigurationError or a ValidationError
 * that names what is missing or malformed, before any request.
 *
 * @example
 * ```ts
 * import { createPasswordProvider } from "@org/lakebase-auth";
 * import { Client } from "pg";
 *
 * const password = createPasswordProvider({ endpoint: "projects/shop/branches/main/endpoints/primary" });
 * const client = new Client({ host: "ep-1.database.example.com", user: "app", password, ssl: true });
 * await password.close();
 * ```
 */
export function createPasswordProvider(options: ProviderOptions = {}): PasswordProvider {
  checkOptions(options, PROVIDER_FIELDS);
  return passwordProvider(options);
}

/** @internal Without the check of field names, which differs by caller. */
export function passwordProvider(options: ProviderOptions): PasswordProvider {
  const holder = options.password === undefined ? openCredential(options) : openNative(options.password, options);
  const provider = (call?: { readonly signal?: AbortSignal }): Promise<string> => {
    // Drivers pass arguments of their own.
    const signal = call?.signal instanceof AbortSignal ? call.signal : undefined;
    return holder.get(signal);
  };
  const abort = (): void => holder.close();
  const close = (): Promise<void> => {
    options.signal?.removeEventListener("abort", abort);
    holder.close();
    return Promise.resolve();
  };
  if (options.signal?.aborted) abort();
  else options.signal?.addEventListener("abort", abort, { once: true });
  const invalidate = (token: string): void => holder.invalidate(token);
  return Object.assign(provider, { invalidate, close, dispose: close, [Symbol.asyncDispose]: close });
}

interface SharedCache extends Closeable {
  readonly cache: RefreshCache<DatabaseCredential>;
}

function openCredential(options: ProviderOptions): Holder<string> {
  const refresh = resolveRefresh(options);
  const source = resolveCredentialSource(options);
  const key: ShareKey | undefined = (options.share ?? true) ? source.key : undefined;
  const { value, release } = acquireShared<SharedCache>(key, options, (listeners) => {
    const reporter = createReporter(() => listeners);
    const open = source.open({ onEvent: reporter.event, onLog: reporter.log });
    const cache = createRefreshCache<DatabaseCredential>({
      subject: "credential",
      reporter,
      servesRejected: true,
      keepsProcessAlive: true,
      fetch: (flight) => open.fetch(flight, reporter),
    });
    return { cache, close: () => open.close() };
  });
  const holder = value.cache.hold(refresh);
  return {
    get: async (signal) => (await holder.get(signal)).token,
    invalidate: holder.invalidate,
    close: () => {
      holder.close();
      release();
    },
  };
}

/** A native password: nothing to mint, the same shape. */
function openNative(password: NonNullable<ProviderOptions["password"]>, options: ProviderOptions): Holder<string> {
  checkNativePassword(password, readVariable(environmentOf(options), "DATABRICKS_TOKEN"));
  const closed = new AbortController();
  const untilAborted = createWaitingRoom();
  return {
    get: async (signal) => {
      closed.signal.throwIfAborted();
      signal?.throwIfAborted();
      if (typeof password !== "function") return password;
      const call = untilAborted(callForeign("password()", signal, password), signal);
      const value: unknown = await keepAlive(untilAborted(call, closed.signal));
      if (typeof value !== "string" || value === "")
        throw new CredentialError("password() returned no text.", { code: "EMPTY_TOKEN" });
      return value;
    },
    invalidate: () => {},
    close: () => closed.abort(closedError()),
  };
}

function checkNativePassword(password: unknown, workspaceToken: string | undefined): void {
  if (typeof password === "function") return;
  if (typeof password !== "string" || password === "")
    throw new ValidationError("password", "expected a native Postgres password, or nothing to use OAuth");
  if (password === workspaceToken || /^dapi[0-9a-f]{8,}/i.test(password))
    throw new ValidationError(
      "password",
      "this is a workspace token (DATABRICKS_TOKEN), which Lakebase refuses at login. Leave password out: a database credential is then minted with that token",
    );
}
