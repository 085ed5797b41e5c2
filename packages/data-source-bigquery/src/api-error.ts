/** A request that did not succeed. Internal: `error-map.ts` makes the public error of it. */
export class ApiError extends Error {
  /** BigQuery's own word, such as `rateLimitExceeded`; `undefined` where there was no reply, or not one of its own. */
  readonly reason: string | undefined;
  /** HTTP status; `undefined`: no reply at all. */
  readonly status: number | undefined;
  /** The job ended so, or was never made: only another job can do better. */
  readonly isFinal: boolean;
  readonly jobId: string | undefined;

  constructor(
    message: string,
    details: {
      readonly reason?: string | undefined;
      readonly status?: number | undefined;
      readonly isFinal?: boolean;
      readonly jobId?: string | undefined;
      readonly cause?: unknown;
    },
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "BigQueryApiError";
    this.reason = details.reason;
    this.status = details.status;
    this.isFinal = details.isFinal ?? false;
    this.jobId = details.jobId;
  }
}

/** The same, said of the job and not of the call. */
export function finalError({ message, reason, status, cause }: ApiError, jobId?: string): ApiError {
  return new ApiError(message, { reason, status, jobId, isFinal: true, cause });
}

/** The error of a reply's body. */
export function replyError(status: number, text: string): ApiError {
  let body: { error?: { message?: string; errors?: { reason?: string }[]; status?: string } | string } = {};
  try {
    body = JSON.parse(text) as typeof body;
  } catch {
    // Not from BigQuery: a proxy's page.
  }
  const error = typeof body.error === "object" ? body.error : {};
  const reason = error.errors?.[0]?.reason ?? (status === 401 ? "authError" : undefined);
  return new ApiError(error.message ?? `HTTP status ${status}`, { status, reason });
}

/** No reply, or one that says nothing about what became of the request. */
export function isLost({ status, reason }: ApiError): boolean {
  return status === undefined || (reason === undefined && status >= 500);
}

/** Reasons after which the same may succeed soon. */
const transient = new Set([
  "backendError",
  "internalError",
  "rateLimitExceeded",
  "jobBackendError",
  "jobInternalError",
  "jobRateLimitExceeded",
]);

export function isTransient({ reason, status }: ApiError): boolean {
  return transient.has(reason ?? "") || (reason === undefined && status === 429);
}
