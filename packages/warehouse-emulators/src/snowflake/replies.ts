import type { WireReply } from "./http.ts";
import type { ServerQuery } from "./queries.ts";
import type { ServerSession } from "./sessions.ts";
import type { SnowflakeFailure, WireRow } from "./wire.ts";

/** Session parameters that the driver reads, with the service's defaults. */
const parameters: readonly { readonly name: string; readonly value: unknown }[] = [
  { name: "TIMEZONE", value: "America/Los_Angeles" },
  { name: "BINARY_OUTPUT_FORMAT", value: "HEX" },
  { name: "DATE_OUTPUT_FORMAT", value: "YYYY-MM-DD" },
  { name: "TIME_OUTPUT_FORMAT", value: "HH24:MI:SS" },
  { name: "TIMESTAMP_OUTPUT_FORMAT", value: "YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM" },
  { name: "TIMESTAMP_NTZ_OUTPUT_FORMAT", value: "YYYY-MM-DD HH24:MI:SS.FF3" },
  { name: "TIMESTAMP_LTZ_OUTPUT_FORMAT", value: "" },
  { name: "TIMESTAMP_TZ_OUTPUT_FORMAT", value: "" },
  { name: "CLIENT_STAGE_ARRAY_BINDING_THRESHOLD", value: 65_280 },
  { name: "QUERY_CONTEXT_CACHE_SIZE", value: 5 },
];

/** The parameters of a login's reply, with those that the client asked for. */
export function parametersWith(asked: Readonly<Record<string, unknown>>): readonly { name: string; value: unknown }[] {
  return [...parameters, ...Object.entries(asked).map(([name, value]) => ({ name, value }))];
}

export function success(data: unknown): WireReply {
  return { json: { success: true, code: null, message: null, data } };
}

export function failed(
  { code, message, sqlState, at }: SnowflakeFailure,
  queryId?: string,
  status?: number,
): WireReply {
  const place = at ? { line: at.line, pos: at.pos } : {};
  const data = { internalError: false, errorCode: code, sqlState, queryId, ...place };
  return { ...(status === undefined ? {} : { status }), json: { success: false, code, message, data } };
}

/** Accepted and still running: the client is to ask again at this address. */
export function inProgress({ id }: ServerQuery, isAsync: boolean): WireReply {
  const code = isAsync ? "333334" : "333333";
  const data = { queryId: id, getResultUrl: `/queries/${id}/result`, queryAbortsAfterSecs: 300, progressDesc: null };
  return { json: { success: true, code, message: "Query execution in progress.", data } };
}

export interface ResultShape {
  readonly origin: string;
  readonly inlineRows: number;
  readonly chunkRows: number;
}

export function resultOf(query: ServerQuery, session: ServerSession, shape: ResultShape): WireReply {
  if (query.failure) return failed(query.failure, query.id);
  const { columns = [], rows = [], statementTypeId } = query.result ?? {};
  const chunks = [];
  const chunkRows = chunkRowsOf(rows.length, shape);
  for (let at = shape.inlineRows; at < rows.length; at += chunkRows) {
    const rowCount = Math.min(chunkRows, rows.length - at);
    chunks.push({ url: `${shape.origin}/chunks/${query.id}/${at}`, rowCount, uncompressedSize: 1, compressedSize: 1 });
  }
  return success({
    parameters,
    rowtype: columns.map((column) => ({ nullable: true, precision: null, scale: null, length: null, ...column })),
    rowset: rows.slice(0, shape.inlineRows),
    ...(chunks.length > 0 ? { chunks } : {}),
    total: rows.length,
    returned: rows.length,
    queryId: query.id,
    queryResultFormat: "json",
    statementTypeId,
    version: 1,
    finalDatabaseName: "DEMO",
    finalSchemaName: "PUBLIC",
    finalWarehouseName: "DEMO_WH",
    finalRoleName: session.role,
  });
}

/** As in the service, a large result has larger chunks. */
export function chunkRowsOf(rows: number, { chunkRows }: ResultShape): number {
  return Math.max(chunkRows, Math.ceil(rows / 2_000));
}

/** A chunk is rows without the brackets around them. */
export function chunkText(rows: readonly WireRow[]): string {
  return rows.map((row) => JSON.stringify(row)).join(",");
}
