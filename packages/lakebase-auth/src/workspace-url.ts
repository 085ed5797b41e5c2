import { ValidationError } from "./errors.ts";

/** Whether traffic to this host stays on the machine. */
export const isLoopback = (host: string): boolean =>
  host === "localhost" ||
  host.endsWith(".localhost") ||
  /^127(\.\d{1,3}){3}$/.test(host) ||
  host === "::1" ||
  host === "[::1]";

/** The origin of a workspace, without a trailing slash; https unless it is this machine. */
export function workspaceUrl(value: string, field: string): string {
  const expected = 'expected a workspace URL such as "https://example.cloud.databricks.com"';
  if (typeof value !== "string" || value.trim() === "") throw new ValidationError(field, expected);
  const text = value.trim();
  const url = URL.parse(/^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `https://${text}`);
  if (
    url === null ||
    url.username !== "" ||
    url.password !== "" ||
    (url.protocol !== "https:" && url.protocol !== "http:")
  )
    throw new ValidationError(field, `${expected}, without a user name or password`);
  if (url.protocol === "http:" && !isLoopback(url.hostname))
    throw new ValidationError(field, "expected https: over http the workspace token would travel in the clear");
  return url.origin;
}
