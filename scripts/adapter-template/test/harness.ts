import type { Harness } from "@org/data-source-conformance";
import { sql } from "@org/data-source-core";
import { createAcmeDataSource } from "../src/index.ts";
import type { TestServer } from "./server.ts";

/** What the suite has to know of Acme: its SQL, its types at their extremes, and the server's own view. */
export function createHarness({ host, user, password }: TestServer): Harness {
  return {
    name: "acme",
    kind: "acme",
    create: (options) => createAcmeDataSource({ ...options, host, user, password }),
    createWithWrongPassword: (wrongPassword) => createAcmeDataSource({ host, user, password: wrongPassword }),
    createUnreachable: () => createAcmeDataSource({ host: "127.0.0.1:1", user, password }),
    secrets: [password],
    canWrite: true,
    sql: {
      numbers: (count) => `select n from generate_series(1, ${count}) as t(n)`,
      sleep: (seconds, marker) => `select sleep(${seconds}) /* ${marker} */`,
      createTable: (table) => sql`create table ${table} (id integer primary key, name text)`,
      createTemporaryTable: undefined,
      syntaxError: { text: "select from where", position: undefined },
      dataError: "select 1 / 0",
      failingNumbers: undefined,
      textParam: (value) => sql`concat('', ${value})`,
    },
    observe: {
      activeStatements: () =>
        Promise.reject(new Error("Ask the server, on a connection that is not the data source's")),
      openConnections: undefined,
      dropConnections: undefined,
      statements: undefined,
    },
    types: [],
    roundTrips: [],
    readOnly: {
      escapes: (table) => [sql`insert into ${table} values (2, 'x')`],
      allowed: ["select 'delete from t' as a"],
    },
    introspection: { setup: [], teardown: [], schema: "conf", scope: {}, tables: [] },
    isolation: undefined,
  };
}
