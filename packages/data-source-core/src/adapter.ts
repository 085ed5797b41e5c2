export { createTransactionalBatch } from "./batch.ts";
export {
  innerScope,
  queryOptionNames,
  resolveQueryOptions,
  resolveStatementOptions,
  resolveStreamOptions,
  resolveUnitOptions,
} from "./call-options.ts";
export type {
  CallScope,
  ResolvedQueryOptions,
  ResolvedStatementOptions,
  ResolvedStreamOptions,
  ResolvedUnitOptions,
} from "./call-options.ts";
export { configurationChecks, validationChecks } from "./checks.ts";
export type { Checks } from "./checks.ts";
export { createClassifier, hasSequence } from "./classify.ts";
export type { Classification, Classifier, Statement } from "./classify.ts";
export { abortError, createDeadline, createDeadlines, timeoutError } from "./deadline.ts";
export type { Deadline, DeadlineOptions, Deadlines } from "./deadline.ts";
export { poolKey, principalKey } from "./identity.ts";
export { likePattern, resolveIntrospectOptions, resolveScope } from "./introspect-options.ts";
export type { ResolvedFilter, ResolvedIntrospectOptions, ResolvedScope } from "./introspect-options.ts";
export { lexicalRules } from "./lexical-rules.ts";
export type { LexicalRules } from "./lexical-rules.ts";
export { createLifecycle } from "./lifecycle.ts";
export type { Lifecycle } from "./lifecycle.ts";
export { observed, withSql } from "./observed.ts";
export { createPoolMetrics } from "./pool-metrics.ts";
export type { PoolMetrics, PoolMetricsOptions, PoolState } from "./pool-metrics.ts";
export { positionOf, tagText, untaggedPosition } from "./query-tags.ts";
export type { TaggedText } from "./query-tags.ts";
export { createRedactor, safeCause } from "./redaction.ts";
export type { Redactor } from "./redaction.ts";
export { resolveRequest } from "./resolve-request.ts";
export type { ResolvedRequest } from "./resolve-request.ts";
export { createRowLimit, createRowShaper, validateRows, withKeys } from "./rows.ts";
export type { RawRow, RowLimit } from "./rows.ts";
export { sampleTables } from "./sampling.ts";
export { resolveSourceOptions, sourceOptionNames } from "./source-options.ts";
export type { AdapterDefaults, ResolvedDefaults, ResolvedPool, ResolvedSourceOptions } from "./source-options.ts";
export { compileSql, isSqlFragment, isTypedParam } from "./sql.ts";
export type { SqlDialect } from "./sql.ts";
export { createQueryStream } from "./stream.ts";
export type { BatchReader, QueryStreamSetup } from "./stream.ts";
export { createSummarizer } from "./summary.ts";
export { loadOpenTelemetry } from "./telemetry-api.ts";
export { createInstrument, isPatched } from "./telemetry.ts";
export type { Instrument, InstrumentOptions, Operation, OperationDetails } from "./telemetry.ts";
export type { Token } from "./tokenize.ts";
export { createTurnQueue, runUnit, sessionLost } from "./unit.ts";
export type { TurnQueue } from "./unit.ts";
export { createIntegerParser, parseJson } from "./values.ts";
