export { createCertificate } from "./certificate.ts";
export { isMySqlInstalled } from "./find-server.ts";
export { freePort, type MySqlServer, startMySqlServer, startThrowawayMySqlServer } from "./server.ts";
