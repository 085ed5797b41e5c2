import { DataSourceError, type ErrorCode } from "@org/data-source-core";

/** Acme's codes to ours. By code, never by message. */
const codes: Readonly<Record<string, ErrorCode>> = {};

export function toDataSourceError(nativeCode: string, cause: unknown): DataSourceError {
  return new DataSourceError({
    code: codes[nativeCode] ?? "QUERY_FAILED",
    kind: "acme",
    message: `Acme answered ${nativeCode}`,
    nativeCode,
    cause,
  });
}

/** What every role says until it is written. */
export function notWritten(role: string): DataSourceError {
  return new DataSourceError({
    code: "UNSUPPORTED",
    kind: "acme",
    message: `${role} of data-source-acme is not written yet`,
  });
}
