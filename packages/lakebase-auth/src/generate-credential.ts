import type { DatabaseCredential } from "./credential.ts";
import { resolveCredentialSource } from "./credential-source.ts";
import { createReporter } from "./events.ts";
import { checkOptions, CREDENTIAL_FIELDS, type CredentialOptions } from "./options.ts";
import { keepAlive } from "./timers.ts";

/**
 * Mints one database credential, without caching it. Most users want `createPasswordProvider` or `getPgConfig`.
 *
 * @returns The credential; `expiresAt` is on the local clock. Rejects with a CredentialError after the retries.
 *
 * @example
 * ```ts
 * import { generateDatabaseCredential } from "@org/lakebase-auth";
 *
 * const { token, expiresAt } = await generateDatabaseCredential({
 *   endpoint: "projects/shop/branches/main/endpoints/primary",
 * });
 * ```
 */
export async function generateDatabaseCredential(options: CredentialOptions = {}): Promise<DatabaseCredential> {
  checkOptions(options, CREDENTIAL_FIELDS);
  options.signal?.throwIfAborted();
  const reporter = createReporter(() => [options]);
  const open = resolveCredentialSource(options).open(options);
  const signal = options.signal ?? new AbortController().signal;
  try {
    return (await keepAlive(open.fetch({ signal, isAwaited: () => true }, reporter))).value;
  } finally {
    open.close();
  }
}
