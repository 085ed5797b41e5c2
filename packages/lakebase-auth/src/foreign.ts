import { CredentialError, LakebaseAuthError } from "./errors.ts";
import { safeCause } from "./redact.ts";
import { isTransient } from "./retry.ts";

/** Calls somebody else's function; what it throws is replaced by an error of ours that quotes no secret. */
export async function callForeign<T>(
  name: string,
  signal: AbortSignal | undefined,
  call: () => Promise<T> | T,
): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    if (error instanceof LakebaseAuthError) throw error;
    throw new CredentialError(`${name} failed.`, {
      code: "PROVIDER_FAILED",
      isRetryable: isTransient(error),
      cause: safeCause(error),
    });
  }
}
