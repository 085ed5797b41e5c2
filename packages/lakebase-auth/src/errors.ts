const brand = Symbol.for("@org/lakebase-auth/error");

/** What went wrong, for programs. Messages are for people and may change; codes do not. */
export type LakebaseAuthErrorCode =
  | "CONFIGURATION"
  | "VALIDATION"
  | "CLOSED"
  | "NETWORK"
  | "TLS"
  | "TIMEOUT"
  | "HTTP_STATUS"
  | "REDIRECT_REFUSED"
  | "RESPONSE_TOO_LARGE"
  | "MALFORMED_RESPONSE"
  | "EMPTY_TOKEN"
  | "PROVIDER_FAILED";

/** @internal */
export interface ErrorDetails {
  readonly code: LakebaseAuthErrorCode;
  readonly isRetryable?: boolean;
  readonly status?: number | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/**
 * The base of every error that this package throws.
 *
 * `instanceof LakebaseAuthError` holds across duplicate installs of the package; `code` tells its kinds apart there.
 * No error, and no cause of one, holds a token, a secret, a header or a response body.
 *
 * @example
 * ```ts
 * import { createPasswordProvider, LakebaseAuthError } from "@org/lakebase-auth";
 *
 * const password = createPasswordProvider();
 * try {
 *   await password();
 * } catch (error) {
 *   if (error instanceof LakebaseAuthError) console.error(error.code, error.isRetryable);
 * }
 * ```
 */
export class LakebaseAuthError extends Error {
  override name = "LakebaseAuthError";
  readonly code: LakebaseAuthErrorCode;
  /** Whether the same call can succeed later with nothing changed. */
  readonly isRetryable: boolean;

  constructor(message: string, details: ErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = details.code;
    this.isRetryable = details.isRetryable ?? false;
    Object.defineProperty(this, brand, { value: "LakebaseAuthError" });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    if (this !== LakebaseAuthError) return Function.prototype[Symbol.hasInstance].call(this, value);
    return typeof value === "object" && value !== null && brand in value;
  }
}

/**
 * Something is missing or contradictory in the options or the environment: no request was sent.
 *
 * @example
 * ```ts
 * import { ConfigurationError, getPgConfig } from "@org/lakebase-auth";
 *
 * try {
 *   getPgConfig();
 * } catch (error) {
 *   if (error instanceof ConfigurationError) console.error(error.message); // "No host: set PGHOST, or …"
 * }
 * ```
 */
export class ConfigurationError extends LakebaseAuthError {
  override name = "ConfigurationError";

  constructor(message: string, cause?: unknown) {
    super(message, { code: "CONFIGURATION", cause });
  }
}

/**
 * An option or variable has a malformed value. `field` names it.
 *
 * @example
 * ```ts
 * import { getPgConfig, ValidationError } from "@org/lakebase-auth";
 *
 * try {
 *   getPgConfig({ port: 70_000 });
 * } catch (error) {
 *   if (error instanceof ValidationError) console.error(error.field); // "port"
 * }
 * ```
 */
export class ValidationError extends LakebaseAuthError {
  override name = "ValidationError";
  readonly field: string;

  constructor(field: string, expected: string) {
    super(`${field}: ${expected}`, { code: "VALIDATION" });
    this.field = field;
  }
}

/**
 * A credential could not be obtained. `status` is the HTTP status where one was received.
 *
 * @example
 * ```ts
 * import { CredentialError, generateDatabaseCredential } from "@org/lakebase-auth";
 *
 * try {
 *   await generateDatabaseCredential();
 * } catch (error) {
 *   if (error instanceof CredentialError && error.status === 403) console.error("grant CAN USE on the project");
 * }
 * ```
 */
export class CredentialError extends LakebaseAuthError {
  override name = "CredentialError";
  readonly status: number | undefined;
  /** How long the server asked to wait, in milliseconds, uncapped. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, details: ErrorDetails) {
    super(message, details);
    this.status = details.status;
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** @internal An error of one caller's own, with the message of another that many share as its cause. */
export function ownError(error: LakebaseAuthError, message: string = error.message): LakebaseAuthError {
  if (error instanceof ConfigurationError) return new ConfigurationError(message, error);
  const { code, isRetryable } = error;
  if (!(error instanceof CredentialError)) return new LakebaseAuthError(message, { code, isRetryable, cause: error });
  const { status, retryAfterMs } = error;
  return new CredentialError(message, { code, isRetryable, status, retryAfterMs, cause: error });
}

/** @internal */
export const closedError = (): LakebaseAuthError =>
  new LakebaseAuthError("The password provider was closed. Create a new one to connect again.", { code: "CLOSED" });
