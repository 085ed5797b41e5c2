export const kind = "snowflake";
