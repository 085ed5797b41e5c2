export type { Capabilities, Enforcement, Guarantee } from "./capabilities.ts";
export type {
  Catalog,
  CatalogCheck,
  CatalogColumn,
  CatalogFigure,
  CatalogForeignKey,
  CatalogIndex,
  CatalogKey,
  CatalogPartitioning,
  CatalogSchema,
  CatalogTable,
  CatalogWarning,
  ColumnStatistics,
  IntrospectOptions,
  IntrospectScope,
  NameFilter,
  StatisticsOptions,
  TableKind,
} from "./catalog.ts";
export type { Access, DataSource, DataSourceKind, Queryable, Session, Transaction } from "./data-source.ts";
export {
  ConfigurationError,
  DataSourceError,
  isDataSourceError,
  OutcomeUnknownError,
  SessionLostError,
  ValidationError,
} from "./errors.ts";
export type { ErrorCode, ErrorDetails } from "./errors.ts";
export type { DataSourceEvent, EventListener } from "./events.ts";
export type { IntegerMode, LogicalType, LogicalTypes } from "./logical-types.ts";
export type { DataSourceOptions, DefaultLimits, PoolOptions, TelemetryOptions } from "./options.ts";
export type { CheckStep, ConnectionReport, Estimate } from "./report.ts";
export type {
  ArrayRequest,
  BatchOptions,
  IsolationLevel,
  Params,
  ParamType,
  ParamValue,
  QueryOptions,
  Request,
  SessionOptions,
  SqlRequest,
  StatementOptions,
  StreamOptions,
  TransactionOptions,
  TypedParam,
} from "./request.ts";
export type { Column, ColumnType, Notice, QueryResult, QueryStream, Row, Timings, Usage } from "./result.ts";
export { sql } from "./sql.ts";
export type { SqlFragment } from "./sql.ts";
export type { SchemaIssue, SchemaResult, StandardSchema } from "./standard-schema.ts";
export { toJsonRow } from "./values.ts";
