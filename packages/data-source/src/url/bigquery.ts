import type { DataSourceConfig } from "../config.ts";
import type { UrlReader } from "./url-reader.ts";

const shape = "bigquery://project/dataset?location=…&keyFile=…";

/** Project and dataset may be left out. Without `keyFile`: application default credentials. */
export function bigquery(url: UrlReader): DataSourceConfig {
  const { user, password, host: projectId, port, path } = url;
  if (user !== undefined || password !== undefined || port !== undefined || path.includes("/")) {
    throw url.error(`must look like ${shape}`);
  }
  const { keyFile, impersonate, maximumBytesBilled, ...rest } = url.params([
    "location",
    "keyFile",
    "impersonate",
    "maximumBytesBilled",
    "apiEndpoint",
  ]);
  return {
    kind: "bigquery",
    ...(projectId === undefined ? {} : { projectId }),
    ...(path === "" ? {} : { dataset: path }),
    ...rest,
    ...(keyFile === undefined ? {} : { credentials: { keyFile } }),
    ...(impersonate === undefined ? {} : { impersonate: { serviceAccount: impersonate } }),
    ...(maximumBytesBilled === undefined
      ? {}
      : { maximumBytesBilled: url.wholeNumber("maximumBytesBilled", maximumBytesBilled) }),
  };
}
