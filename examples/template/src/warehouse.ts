import { createBigQueryDataSource } from "@org/data-source-bigquery";

export interface Total {
  readonly region: string;
  /** Of an integer column: a bigint, so that no digit is lost. */
  readonly total: bigint;
}

export interface Warehouse {
  totals(): Promise<readonly Total[]>;
  close(): Promise<void>;
}

/** BigQuery as BIGQUERY_PROJECT and BIGQUERY_DATASET say, with the machine's own credentials. */
export function openWarehouse(env: NodeJS.ProcessEnv = process.env): Warehouse {
  const {
    BIGQUERY_PROJECT: projectId,
    BIGQUERY_DATASET: dataset,
    BIGQUERY_ENDPOINT: apiEndpoint,
    BIGQUERY_TOKEN,
  } = env;
  const source = createBigQueryDataSource({
    ...(projectId === undefined ? {} : { projectId }),
    ...(dataset === undefined ? {} : { dataset }),
    // A local BigQuery takes a token of its own.
    ...(apiEndpoint === undefined ? {} : { apiEndpoint }),
    ...(BIGQUERY_TOKEN === undefined ? {} : { credentials: { accessToken: () => BIGQUERY_TOKEN } }),
  });
  return {
    async totals() {
      const { rows } = await source.query<Total & Record<string, unknown>>(
        {
          text: "select region, sum(amount) as total from orders where amount >= @least group by region order by total desc",
          params: { least: 1n },
        },
        { maxRows: 10, statementTimeoutMs: 20_000 },
      );
      return rows;
    },
    close: () => source.close(),
  };
}
