import { CredentialError, LakebaseAuthError } from "./errors.ts";
import { isTransientStatus } from "./http.ts";
import { pause, withDeadline } from "./timers.ts";

/** When and how often a failed request is sent again. */
export interface RetryOptions {
  /** Milliseconds before the second, third, … attempt; up to 50 % jitter is added. Default [50, 500, 5000]. */
  readonly delaysMs?: readonly number[];
  /** The longest that a caller waits for a credential, all attempts together, in milliseconds. Default 15 000. */
  readonly budgetMs?: number;
  /** Decides instead of the built-in rule (network failures, 408, 429 and 5xx). */
  readonly shouldRetry?: (error: unknown) => boolean;
}

export interface RetryPolicy {
  readonly delaysMs: readonly number[];
  readonly budgetMs: number;
  readonly shouldRetry: (error: unknown) => boolean;
  readonly attemptTimeoutMs: number;
}

const TRANSIENT_CODES = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
  "UND_ERR_SOCKET",
]);

/** Network failures, 408, 429 and 5xx, of our own requests or of a callback's. */
export function isTransient(error: unknown): boolean {
  if (error instanceof LakebaseAuthError) return error.isRetryable;
  if (!(error instanceof Error)) return false;
  if (error.name === "TimeoutError") return true;
  const { status, statusCode, code } = error as { status?: unknown; statusCode?: unknown; code?: unknown };
  const http = typeof status === "number" ? status : statusCode;
  if (typeof http === "number") return isTransientStatus(http);
  if (typeof code === "string") return TRANSIENT_CODES.has(code);
  return error.cause !== undefined && isTransient(error.cause);
}

/** What several steps have left together (see `withBudget`). */
export interface Budget {
  readonly signal: AbortSignal;
  /** On the monotonic clock. A pause that would outlast it is not begun. */
  readonly giveUpAtMs: number;
}

export interface Attempts extends Budget {
  readonly policy: RetryPolicy;
  readonly purpose: string;
  /** Whether anybody still waits for the result; default: somebody does. */
  isWorthRetrying?(): boolean;
  onFailure?(attempt: number, error: Error, retryInMs: number | undefined): void;
}

/**
 * Runs `work` until it succeeds, fails for good or the delays are used up. Each attempt has its own
 * deadline, so one that hangs makes room for the next.
 */
export async function withRetry<T>(attempts: Attempts, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { policy, signal, giveUpAtMs, purpose } = attempts;
  for (let attempt = 1; ; attempt++) {
    try {
      return await withDeadline(
        policy.attemptTimeoutMs,
        signal,
        () => timeoutError(purpose, policy.attemptTimeoutMs),
        work,
      );
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const delayMs = nextDelay(policy, attempt, error);
      const isWorthIt = attempts.isWorthRetrying?.() ?? true;
      const isFinal = delayMs === undefined || !isWorthIt || performance.now() + delayMs >= giveUpAtMs;
      if (error instanceof Error) attempts.onFailure?.(attempt, error, isFinal ? undefined : delayMs);
      if (isFinal) throw error;
      await pause(delayMs, signal);
    }
  }
}

function nextDelay(policy: RetryPolicy, attempt: number, error: unknown): number | undefined {
  const planned = policy.delaysMs[attempt - 1];
  if (planned === undefined || !policy.shouldRetry(error)) return undefined;
  const asked = error instanceof CredentialError ? (error.retryAfterMs ?? 0) : 0;
  return Math.max(asked, planned * (1 + Math.random() / 2));
}

/** One limit around several steps, each with its own retries. */
export const withBudget = <T>(
  policy: RetryPolicy,
  signal: AbortSignal | undefined,
  purpose: string,
  work: (budget: Budget) => Promise<T>,
): Promise<T> => {
  const giveUpAtMs = performance.now() + policy.budgetMs;
  return withDeadline(
    policy.budgetMs,
    signal,
    () => timeoutError(purpose, policy.budgetMs),
    (signal) => work({ signal, giveUpAtMs }),
  );
};

export const timeoutError = (purpose: string, limitMs: number): CredentialError =>
  new CredentialError(`${purpose} got no answer within ${limitMs} ms.`, { code: "TIMEOUT", isRetryable: true });
