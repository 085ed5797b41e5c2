import { type DatabaseCredential, toFetchedCredential } from "./credential.ts";
import { CredentialError, LakebaseAuthError } from "./errors.ts";
import type { Listeners, Reporter } from "./events.ts";
import { now } from "./lifetime.ts";
import { isRefusedToken, mint } from "./mint.ts";
import {
  type CredentialOptions,
  environmentOf,
  type FetchedCredential,
  resolveRequest,
  resolveTarget,
} from "./options.ts";
import { safeCause } from "./redact.ts";
import type { Fetched, Flight } from "./refresh-cache.ts";
import { isTransient, withBudget, withRetry } from "./retry.ts";
import type { ShareKey } from "./shared.ts";
import { resolveWorkspace, type Workspace } from "./workspace.ts";

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
  const { policy, fetch, claims } = resolveRequest(options);
  const { fetchCredential } = options;
  if (fetchCredential !== undefined) {
    return {
      key: undefined,
      open: () => ({
        fetch: (flight, reporter) =>
          withBudget(policy, flight.signal, PURPOSE, (signal) =>
            withRetry({ policy, signal, purpose: "fetchCredential", ...observe(flight, reporter) }, (signal) =>
              callFetchCredential(fetchCredential, signal),
            ),
          ),
        close: () => {},
      }),
    };
  }
  const target = resolveTarget(options);
  const env = environmentOf(options);
  const identity = resolveWorkspace({
    env,
    fetch,
    attemptTimeoutMs: policy.attemptTimeoutMs,
    tokenProvider: options.tokenProvider,
    workspaceClient: options.workspaceClient,
    workspaceHost: options.workspaceHost,
  });
  const { budgetMs, attemptTimeoutMs, delaysMs, shouldRetry } = policy;
  const label = JSON.stringify([target, claims, budgetMs, attemptTimeoutMs, delaysMs, identity.key.label]);
  const open = (listener: Listeners): OpenSource => {
    const workspace = identity.open(listener);
    return {
      fetch: (flight, reporter) =>
        withBudget(policy, flight.signal, PURPOSE, async (signal) => {
          const attempts = { policy, signal, ...observe(flight, reporter) };
          const host = await withRetry({ ...attempts, purpose: "Finding the workspace" }, (signal) =>
            workspace.getHost({ signal }),
          );
          let token = await withRetry({ ...attempts, purpose: "Obtaining a workspace token" }, (signal) =>
            workspace.getToken({ signal }),
          );
          let isRenewed = false;
          return withRetry({ ...attempts, purpose: "Minting a database credential" }, async (signal) => {
            const request = { fetch, host, target, claims, signal };
            try {
              return await mint({ ...request, token });
            } catch (error) {
              if (!isRefusedToken(error) || isRenewed) throw error;
              isRenewed = true;
              const renewed = await renew(workspace, token.accessToken, signal);
              if (renewed.accessToken === token.accessToken) throw error;
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

const renew: (workspace: Workspace, refused: string, signal: AbortSignal) => ReturnType<Workspace["getToken"]> = (
  workspace,
  refused,
  signal,
) => {
  workspace.invalidate?.(refused);
  return workspace.getToken({ signal });
};

/** Without a caller who waits, the background schedule retries: a fleet in an outage then asks a quarter as often. */
const observe = ({ isAwaited }: Flight, reporter: Reporter) => ({
  isWorthRetrying: isAwaited,
  onFailure: (attempt: number, error: Error, retryInMs: number | undefined) => {
    reporter.event({ type: "refresh-attempt-failed", subject: "credential", attempt, error, retryInMs });
    reporter.log("debug", "an attempt to obtain a credential failed", { attempt, error, retryInMs });
  },
});

async function callFetchCredential(
  fetchCredential: (options: { readonly signal: AbortSignal }) => Promise<FetchedCredential>,
  signal: AbortSignal,
): Promise<Fetched<DatabaseCredential>> {
  const startedAt = now();
  let result: FetchedCredential;
  try {
    result = await fetchCredential({ signal });
  } catch (error) {
    if (signal.aborted || error instanceof LakebaseAuthError) throw error;
    throw new CredentialError("fetchCredential failed.", {
      code: "PROVIDER_FAILED",
      isRetryable: isTransient(error),
      cause: safeCause(error),
    });
  }
  return toFetchedCredential(result?.token, result?.expiresAt, startedAt, { isSecondHand: true });
}
