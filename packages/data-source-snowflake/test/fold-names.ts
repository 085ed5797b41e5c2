import type {
  ArrayRequest,
  Column,
  DataSource,
  Queryable,
  QueryOptions,
  QueryResult,
  QueryStream,
  Request,
  StandardSchema,
  StreamOptions,
} from "@org/data-source-core";

/**
 * The conformance suite writes `select 1 as a` and expects `a`; Snowflake, rightly, answers `A`. This view of a data
 * source gives names that are all upper-case in lower case, and changes nothing else.
 */
export function foldNames<T extends DataSource>(source: T): T {
  return new Proxy(source, {
    get: (target, name, receiver): unknown => {
      const value: unknown = Reflect.get(target, name, receiver);
      if (name === "query" || name === "stream") return foldQueryable(target)[name];
      if (name === "batch") {
        const { batch } = target;
        return async (...given: Parameters<DataSource["batch"]>) => (await batch(...given)).map(foldResult);
      }
      if (name === "session" || name === "transaction") {
        const unit = value as (work: (inner: never) => Promise<unknown>, options?: object) => Promise<unknown>;
        return (work: (inner: never) => Promise<unknown>, options?: object) =>
          unit((inner: Queryable) => work({ ...(inner as object), ...foldQueryable(inner) } as never), options);
      }
      return value;
    },
  });
}

function foldQueryable(source: Queryable): Pick<Queryable, "query" | "stream"> {
  const query = async (request: Request | ArrayRequest, options?: QueryOptions): Promise<QueryResult<never>> =>
    foldResult(await source.query(request, foldOptions(options))) as QueryResult<never>;
  const stream = (request: Request, options?: StreamOptions): QueryStream<never> =>
    foldStream(source.stream(request, foldOptions(options))) as QueryStream<never>;
  return { query, stream };
}

function foldStream(stream: QueryStream<unknown>): QueryStream<unknown> {
  return {
    columns: async () => (await stream.columns()).map(foldColumn),
    get rowsDelivered() {
      return stream.rowsDelivered;
    },
    get truncated() {
      return stream.truncated;
    },
    get queryId() {
      return stream.queryId;
    },
    close: () => stream.close(),
    [Symbol.asyncDispose]: () => stream.close(),
    [Symbol.asyncIterator]: () => {
      const iterator = stream[Symbol.asyncIterator]();
      return {
        next: async () => {
          const { done, value } = await iterator.next();
          return done === true ? { done, value: undefined } : { done: false, value: value.map(foldRow) };
        },
        return: async () => {
          await iterator.return?.();
          return { done: true, value: undefined };
        },
      };
    },
  };
}

/** A row schema sees the rows as the suite does. */
function foldOptions<O extends QueryOptions>(options: O | undefined): O | undefined {
  const schema = options?.rowSchema?.["~standard"];
  if (!schema) return options;
  const rowSchema: StandardSchema = { "~standard": { ...schema, validate: (row) => schema.validate(foldRow(row)) } };
  return { ...options, rowSchema };
}

function foldResult<R>(result: QueryResult<R>): QueryResult<R> {
  return { ...result, columns: result.columns.map(foldColumn), rows: result.rows.map((row) => foldRow(row) as R) };
}

function foldColumn(column: Column): Column {
  return { ...column, name: fold(column.name), key: fold(column.key) };
}

function foldRow(row: unknown): unknown {
  if (typeof row !== "object" || row === null || Array.isArray(row)) return row;
  return Object.fromEntries(Object.entries(row).map(([key, value]) => [fold(key), value]));
}

function fold(name: string): string {
  return name === name.toUpperCase() ? name.toLowerCase() : name;
}
