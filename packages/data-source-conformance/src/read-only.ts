import { sql } from "@org/data-source-core";
import { expect } from "vitest";
import { columnsOf, expectWorks, failure, type Suite, type Table } from "./suite.ts";

const untouched = [{ id: 1n, name: "one" }];
const writes = {
  insert: ({ fragment }: Table) => sql`insert into ${fragment} (id, name) values (2, 'two')`,
  update: ({ fragment }: Table) => sql`update ${fragment} set name = 'changed' where id = 1`,
  delete: ({ fragment }: Table) => sql`delete from ${fragment} where id = 1`,
  truncate: ({ fragment }: Table) => sql`truncate table ${fragment}`,
  drop: ({ fragment }: Table) => sql`drop table ${fragment}`,
  alter: ({ fragment }: Table) => sql`alter table ${fragment} add column extra int`,
  create: ({ name }: Table) => sql`create table ${sql.identifier(`${name}_new`)} (id int)`,
};

export function readOnlyCases(suite: Suite): void {
  for (const [what, write] of Object.entries(writes)) {
    suite.test(`read-only: ${what} is refused, on a source of either access`, async ({ create, writable, table }) => {
      const target = await table();
      for (const source of [create({ pool: { max: 1 } }), writable({ pool: { max: 1 } })]) {
        await failure(source.query(write(target)), "READ_ONLY");
        await failure(
          columnsOf(() => source.stream(write(target))),
          "READ_ONLY",
        );
        await expectWorks(source);
      }
      expect(await target.rows()).toEqual(untouched);
    });
  }

  suite.test("read-only: a source that is read-only cannot be asked to write", async ({ create, table }) => {
    const [source, target] = [create(), await table()];
    const options = { readOnly: false };
    await failure(source.query(writes.insert(target), options), "READ_ONLY");
    await failure(
      columnsOf(() => source.stream(writes.insert(target), options)),
      "READ_ONLY",
    );
    await failure(source.batch([writes.insert(target)], options), "READ_ONLY");
    await failure(
      source.session(async (session) => session.query(writes.insert(target)), options),
      "READ_ONLY",
    );
    await failure(
      source.transaction(async (tx) => tx.query(writes.insert(target)), options),
      "READ_ONLY",
    );
    expect(await target.rows()).toEqual(untouched);
  });

  suite.test("read-only: a write that is allowed twice happens", async ({ writable, table }) => {
    const [source, target] = [writable(), await table()];
    await source.query(writes.insert(target), { readOnly: false });
    expect(await target.rows()).toHaveLength(2);
  });

  suite.test("read-only: several statements in one text change nothing", async ({ create, writable, table }) => {
    const target = await table();
    const texts = [
      sql`select 1; delete from ${target.fragment}`,
      sql`select 1; commit; delete from ${target.fragment}`,
      sql`commit; delete from ${target.fragment}`,
      sql`select 1 /* ; */; /* */ delete from ${target.fragment}; select 1`,
    ];
    for (const source of [create(), writable()]) {
      for (const text of texts) await failure(source.query(text), "READ_ONLY", "VALIDATION", "SYNTAX");
    }
    expect(await target.rows()).toEqual(untouched);
  });

  suite.test("read-only: no escape of the harness changes anything", async ({ harness, create, writable, table }) => {
    const target = await table();
    const escapes = harness.readOnly.escapes(target.fragment, target.name);
    expect(escapes.length).toBeGreaterThanOrEqual(25);
    for (const source of [create({ pool: { max: 1 } }), writable({ pool: { max: 1 } })]) {
      for (const escape of escapes) {
        await source.query(escape).catch(() => undefined);
        // The next statement on the same connection must be a read as well.
        await source.query(writes.update(target)).catch(() => undefined);
        expect(await target.rows(), JSON.stringify(escape)).toEqual(untouched);
      }
    }
  });

  suite.test("read-only: reads that look like writes pass", async ({ harness, create }) => {
    const source = create();
    const reads = [
      "select 'delete from t; drop table t' as a",
      "-- delete\nselect 1 as a /* drop table t; */",
      "with a as (select 1 as x) select x from a",
      "(select 1 as x)",
      "select 1 as x union all select 2",
      ...harness.readOnly.allowed,
    ];
    for (const read of reads) expect((await source.query(read)).columns, read).not.toHaveLength(0);
  });

  suite.test(
    "read-only: is fixed for the statements of a session and a transaction",
    async ({ writable, table, requires }) => {
      const [source, target] = [writable(), await table()];
      requires(source, "session");
      const inner = { readOnly: false } as object;
      await failure(
        source.session(async (session) => session.query("select 1", inner)),
        "VALIDATION",
      );
      await failure(
        source.session(async (session) => session.query(writes.insert(target))),
        "READ_ONLY",
      );
      requires(source, "transaction");
      await failure(
        source.transaction(async (tx) => tx.query("select 1", inner)),
        "VALIDATION",
      );
      await failure(
        source.transaction(async (tx) => tx.query(writes.insert(target))),
        "READ_ONLY",
      );
      expect(await target.rows()).toEqual(untouched);
    },
  );

  suite.test("read-only: batch refuses writes", async ({ writable, table }) => {
    const [source, target] = [writable(), await table()];
    await failure(source.batch(["select 1", writes.insert(target)]), "READ_ONLY");
    expect(await target.rows()).toEqual(untouched);
  });

  suite.test("read-only: capabilities say who keeps it and what it does not stop", async ({ create }) => {
    const source = create();
    await expectWorks(source);
    const { readOnly } = source.capabilities;
    expect(["server", "client"]).toContain(readOnly.enforcedBy);
    expect(readOnly.note).not.toBe("");
    expect(Array.isArray(readOnly.gaps)).toBe(true);
  });
}
