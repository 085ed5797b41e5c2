export const kind = "bigquery";
