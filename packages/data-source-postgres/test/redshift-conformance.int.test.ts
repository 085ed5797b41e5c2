import { describeDataSource } from "@org/data-source-conformance";
import { afterAll } from "vitest";
import { createHarness } from "./harness.ts";
import { open, prepareDatabase, startServer } from "./server.ts";

// How the flavour behaves, on Postgres for want of a Redshift; its catalog is in redshift-catalog.int.test.ts.

const emulator = await startServer();
afterAll(() => emulator.close());
await prepareDatabase(emulator);

const harness = createHarness(emulator);
/** Enums, domains and composites, which Redshift does not have: their lookup is Postgres's. */
const isOwnType = (text: string): boolean => /conf_(?:mood|pair|floatrange|positive)/.test(text);
const view = "reads views that Postgres does not have";

describeDataSource({
  ...harness,
  name: "the Redshift flavour on postgres 18",
  create: (options) => open(emulator, { ...options, flavour: "redshift" }),
  types: harness.types.filter(({ sql, type }) => type !== "struct" && !isOwnType(sql)),
  roundTrips: harness.roundTrips.filter(({ type = "" }) => !isOwnType(type)),
  readOnly: { ...harness.readOnly, allowed: harness.readOnly.allowed.filter((text) => !/analyze|\$tag\$/.test(text)) },
  skip: {
    ...harness.skip,
    "types: struct": "Redshift has no composite types",
    "introspection: tables, columns, keys and the rest, as they are": view,
    "introspection: every column has its place and types": view,
    "introspection: a view has its definition": view,
    "introspection: include, exclude and wildcards": view,
    "introspection: names are bound, never spliced": view,
    "introspection: a fixed number of statements, whatever the number of tables": view,
    "introspection: statistics on request, at a bounded cost": view,
  },
});
