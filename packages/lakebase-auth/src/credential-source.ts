import type { DatabaseCredential } from "./credential.ts";
import { toFetchedCredential } from "./credential.ts";
import type { Listeners, RefreshSubject, Reporter } from "./events.ts";
import { callForeign } from "./foreign.ts";
import { now } from "./lifetime.ts";
import { isRefusedToken, mint } from "./mint.ts";
import { type CredentialOptions, environmentOf, resolveRequest, resolveTarget } from "./options.ts";
import type { Fetched, Flight } from "./flight.ts";
import { type Attempts, withBudget, withRetry } from "./retry.ts";
import type { ShareKey } from "./shared.ts";
import { resolveWorkspace } from "./workspace.ts";

/** Where credentials come from, with everything checked that needs no request. */
export interface CredentialSource {
  /** Undefined when it may be shared with nobody. */
  readonly key: ShareKey | undefined;
  open(listener: Listeners): OpenSource;
}

export interface OpenSource {
  fetch(flight: Flight, reporter: Reporter): Promise<Fetched<DatabaseCredential>>;
  close(): void;
}

const PURPOSE = "Obtaining a database credential";

export function resolveCredentialSource(options: CredentialOptions): CredentialSource {
  const { fetchCredential } = options;
  return fetchCredential === undefined ? workspaceSource(options) : customSource(options, fetchCredential);
}

function customSource(
  options: CredentialOptions,
  fetchCredential: NonNullable<CredentialOptions["fetchCredential"]>,
): CredentialSource {
  const { policy } = resolveRequest(options);
  const fetch: OpenSource["fetch"] = (flight, reporter) =>
    withBudget(policy, flight.signal, PURPOSE, (budget) =>
      withRetry(
        { policy, ...budget, purpose: "fetchCredential", ...observe(flight, reporter, "credential") },
        async (signal) => {
          const startedAt = now();
          const result = await callForeign("fetchCredential", signal, () => fetchCredential({ signal }));
          return toFetchedCredential(result?.token, result?.expiresAt, startedAt, { isSecondHand: true });
        },
      ),
    );
  return { key: undefined, open: () => ({ fetch, close: () => {} }) };
}

function workspaceSource(options: CredentialOptions): CredentialSource {
  const { policy, fetch, claims } = resolveRequest(options);
  const target = resolveTarget(options);
  const env = environmentOf(options);
  const identity = resolveWorkspace({ ...options, env, fetch, attemptTimeoutMs: policy.attemptTimeoutMs });
  const { budgetMs, attemptTimeoutMs, delaysMs, shouldRetry } = policy;
  const label = JSON.stringify([target, claims, budgetMs, attemptTimeoutMs, delaysMs, identity.key.label]);
  const open = (listener: Listeners): OpenSource => {
    const workspace = identity.open(listener);
    return {
      fetch: (flight, reporter) =>
        withBudget(policy, flight.signal, PURPOSE, async (budget) => {
          const identify = { policy, ...budget, purpose: "Obtaining a workspace token" };
          const { token: first, host } = await withRetry(
            { ...identify, ...observe(flight, reporter, "workspace-token") },
            async (signal) => ({
              token: await workspace.getToken({ signal }),
              host: await workspace.getHost({ signal }),
            }),
          );
          let token = first;
          let isRenewed = false;
          const minting = { policy, ...budget, purpose: "Minting a database credential" };
          return withRetry({ ...minting, ...observe(flight, reporter, "credential") }, async (signal) => {
            const request = { fetch, host, target, claims, signal };
            try {
              return await mint({ ...request, token });
            } catch (error) {
              if (isRenewed || !isRefusedToken(error)) throw error;
              workspace.invalidate?.(token.accessToken);
              const renewed = await workspace.getToken({ signal });
              if (renewed.accessToken === token.accessToken) throw error;
              isRenewed = true;
              token = renewed;
              return await mint({ ...request, token });
            }
          });
        }),
      close: () => workspace.release(),
    };
  };
  return { key: { label, refs: [...identity.key.refs, fetch, env, shouldRetry] }, open };
}

/** Without a caller who waits, the background schedule retries: a fleet in an outage then asks a quarter as often. */
const observe = (
  { isAwaited }: Flight,
  reporter: Reporter,
  subject: RefreshSubject,
): Pick<Attempts, "isWorthRetrying" | "onFailure"> => ({
  isWorthRetrying: isAwaited,
  onFailure: (attempt, error, retryInMs) => {
    reporter.event({ type: "refresh-attempt-failed", subject, attempt, error, retryInMs });
    reporter.log("debug", `an attempt to obtain the ${subject} failed`, { attempt, error, retryInMs });
  },
});
