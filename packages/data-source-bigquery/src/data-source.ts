import { type DataSource, DataSourceError } from "@org/data-source-core";
import {
  createInstrument,
  createLifecycle,
  createRedactor,
  createSummarizer,
  principalKey,
} from "@org/data-source-core/adapter";
import { capabilities } from "./capabilities.ts";
import { createCheck } from "./check.ts";
import { createConnection } from "./connection.ts";
import { createCredentials, type Credentials } from "./credentials.ts";
import type { Engine } from "./engine.ts";
import { credentialError } from "./error-map.ts";
import { createEstimate } from "./estimate.ts";
import { createIntrospect } from "./introspection.ts";
import { createJobs } from "./job.ts";
import { type BigQueryDataSourceOptions, type ResolvedOptions, resolveOptions } from "./options.ts";
import { createBatch, createQuery, createStream, createUnsupported } from "./queryable.ts";
import { classify, createGate } from "./read-only.ts";

const kind = "bigquery";

export function composeDataSource(given: BigQueryDataSourceOptions): DataSource {
  const options = resolveOptions(given);
  const { access, defaults, identity, projectId, apiEndpoint, telemetry, onEvent, connectTimeoutMs } = options;
  const redact = createRedactor(identity.secrets);
  const { hostname, port } = new URL(apiEndpoint);
  const instrument = createInstrument({
    // OpenTelemetry has no name for it yet; this follows its gcp.spanner.
    system: "gcp.bigquery",
    ...(projectId === undefined ? {} : { namespace: projectId }),
    serverAddress: hostname,
    ...(port === "" ? {} : { serverPort: Number(port) }),
    ...telemetry,
    summarize: createSummarizer(classify),
  });
  const credentials = createCredentials(identity, redact.add, instrument);
  const connection = createConnection({
    apiEndpoint,
    credentials,
    projectId: createProjectId(projectId, credentials),
    connectTimeoutMs,
    onEvent,
  });
  const lifecycle = createLifecycle({ kind, closeTimeoutMs: options.closeTimeoutMs });
  const engine: Engine = {
    options,
    connection,
    gate: createGate(connection, instrument),
    jobs: createJobs(connection),
    lifecycle,
    instrument,
    redact,
  };
  const scope = { kind, access, defaults };
  const close = (): Promise<void> =>
    lifecycle.close(async () => {
      onEvent({ type: "connection-closed", reason: "close" });
    });
  return {
    kind,
    access,
    capabilities,
    cacheIdentity: cacheIdentityOf(options),
    query: createQuery(engine, scope),
    stream: createStream(engine, scope),
    session: createUnsupported(engine, scope, "session"),
    transaction: createUnsupported(engine, scope, "transaction"),
    batch: createBatch(engine, scope),
    introspect: createIntrospect(engine, scope),
    estimate: createEstimate(engine, scope),
    check: createCheck(engine, scope),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Asked of the credentials once, if no option states it. */
function createProjectId(given: string | undefined, credentials: Credentials): () => Promise<string> {
  let known: Promise<string> | undefined = given === undefined ? undefined : Promise.resolve(given);
  const ask = async (): Promise<string> => {
    const found = await credentials.projectId().catch((error: unknown) => {
      throw credentialError(error);
    });
    if (found !== undefined) return found;
    throw new DataSourceError({
      code: "CONFIGURATION",
      kind,
      message: "projectId is not stated, and the credentials have none",
      hint: "State projectId, or set GOOGLE_CLOUD_PROJECT.",
    });
  };
  return () => {
    known ??= ask().catch((error: unknown) => {
      known = undefined;
      throw error;
    });
    return known;
  };
}

/** Tokens from a function and default credentials can be anybody's. */
function cacheIdentityOf({
  cacheIdentity,
  identity,
  projectId,
  location,
  dataset,
  integers,
  json,
}: ResolvedOptions): string | undefined {
  if (cacheIdentity !== undefined) return cacheIdentity;
  const { principal } = identity;
  if (principal === undefined || projectId === undefined) return undefined;
  const names = { "dataset.project": dataset?.projectId, dataset: dataset?.datasetId };
  return principalKey(kind, { principal, projectId, location, integers, json, ...names });
}
