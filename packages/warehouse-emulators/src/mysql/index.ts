export { isMySqlInstalled } from "./find-server.ts";
export { type MySqlServer, startMySqlServer } from "./server.ts";
