/** HTTP status of each reason, as in the service's error table. */
const statuses: Readonly<Record<string, number>> = {
  accessDenied: 403,
  authError: 401,
  backendError: 503,
  billingNotEnabled: 403,
  bytesBilledLimitExceeded: 400,
  duplicate: 409,
  internalError: 500,
  invalid: 400,
  invalidQuery: 400,
  notFound: 404,
  notImplemented: 501,
  quotaExceeded: 403,
  rateLimitExceeded: 403,
  resourcesExceeded: 400,
  responseTooLarge: 403,
  stopped: 400,
  timeout: 400,
};

/** An error as the service reports it: by reason. */
export class Problem extends Error {
  readonly reason: string;
  readonly status: number;

  constructor(reason: string, message: string, status?: number) {
    super(message);
    this.reason = reason;
    this.status = status ?? statuses[reason] ?? 400;
  }

  /** The body of an HTTP error. */
  toBody(): object {
    const { status: code, message, reason } = this;
    return { error: { code, message, errors: [{ message, domain: "global", reason }], status: reason } };
  }

  /** In a job's status. */
  toErrorResult(): { readonly reason: string; readonly message: string } {
    return { reason: this.reason, message: this.message };
  }
}
