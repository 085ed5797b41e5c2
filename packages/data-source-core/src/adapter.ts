export { compileSql, isSqlFragment, isTypedParam } from "./sql.ts";
export type { SqlDialect } from "./sql.ts";
