import { describeDataSource } from "@org/data-source-conformance";
import { afterAll } from "vitest";
import { createHarness } from "./harness.ts";
import { openObserver } from "./observer.ts";
import { startMySqlServer } from "@org/warehouse-emulators/mysql";

const server = await startMySqlServer();
const observer = await openObserver(server);
afterAll(async () => {
  await observer.close();
  await server.close();
});
for (const text of [
  "create table if not exists type_fixture (id int primary key, moment timestamp(6) null, flags bit(10))",
  "set time_zone = '+00:00'",
  "replace into type_fixture values (1, '2024-02-29 12:30:00.123456', b'101')",
  "drop procedure if exists escape_procedure",
  "create procedure escape_procedure() update type_fixture set flags = 0",
  "drop function if exists escape_function",
  "create function escape_function() returns int deterministic begin update type_fixture set flags = 0; return 1; end",
  ...(server.isMariaDb ? ["create sequence if not exists escape_sequence"] : []),
]) {
  await observer.query(text);
}

describeDataSource(createHarness(server, observer));
