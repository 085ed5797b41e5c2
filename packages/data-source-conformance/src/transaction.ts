import { sql, type Transaction } from "@org/data-source-core";
import { expect } from "vitest";
import { expectWorks, failure, type Suite } from "./suite.ts";

const write = { readOnly: false } as const;

export function transactionCases(suite: Suite): void {
  suite.test("transaction: commits what work did, unseen by others before", async ({ writable, table, requires }) => {
    const source = writable({ pool: { max: 2 } });
    requires(source, "transaction");
    const { fragment, rows } = await table();
    const value = await source.transaction(async (tx) => {
      await tx.query(sql`insert into ${fragment} (id, name) values (2, 'two')`);
      expect((await tx.query(sql`select id from ${fragment}`)).rows).toHaveLength(2);
      expect(await rows()).toHaveLength(1);
      return "result";
    }, write);
    expect(value).toBe("result");
    expect(await rows()).toHaveLength(2);
  });

  suite.test("transaction: an error rolls back and arrives as it is", async ({ writable, table, requires }) => {
    const source = writable({ pool: { max: 1 } });
    requires(source, "transaction");
    const { fragment, rows } = await table();
    const mine = new Error("mine");
    const transaction = source.transaction(async (tx) => {
      await tx.query(sql`delete from ${fragment}`);
      throw mine;
    }, write);
    await expect(transaction).rejects.toBe(mine);
    expect(await rows()).toHaveLength(1);
    await expectWorks(source);
  });

  suite.test("transaction: a failed statement rolls back", async ({ harness, writable, table, requires }) => {
    const source = writable({ pool: { max: 1 } });
    requires(source, "transaction");
    const { fragment, rows } = await table();
    const transaction = source.transaction(async (tx) => {
      await tx.query(sql`delete from ${fragment}`);
      await tx.query(harness.sql.syntaxError.text);
    }, write);
    await failure(transaction, "SYNTAX");
    expect(await rows()).toHaveLength(1);
    await expectWorks(source);
  });

  suite.test("transaction: an abort rolls back", async ({ harness, writable, table, requires }) => {
    const source = writable({ pool: { max: 1 } });
    requires(source, "transaction");
    const { fragment, rows } = await table();
    const caller = new AbortController();
    const transaction = source.transaction(
      async (tx) => {
        await tx.query(sql`delete from ${fragment}`);
        setTimeout(() => caller.abort(), 100);
        await tx.query(harness.sql.sleep(20, "abort_in_transaction"));
      },
      { ...write, signal: caller.signal },
    );
    await failure(transaction, "CANCELLED");
    expect(await rows()).toHaveLength(1);
    await expectWorks(source);
  });

  suite.test("transaction: one inside is a savepoint", async ({ writable, table, requires }) => {
    const source = writable();
    requires(source, "savepoint");
    const { fragment, rows } = await table();
    await source.transaction(async (tx) => {
      await tx.query(sql`insert into ${fragment} (id, name) values (2, 'kept')`);
      const inner = tx.transaction(async (nested) => {
        await nested.query(sql`insert into ${fragment} (id, name) values (3, 'lost')`);
        throw new Error("inner");
      });
      await expect(inner).rejects.toThrow("inner");
      await tx.transaction(async (nested) => {
        await nested.query(sql`insert into ${fragment} (id, name) values (4, 'kept')`);
      });
    }, write);
    expect((await rows()).map((row) => row.id)).toEqual([1n, 2n, 4n]);
  });

  suite.test("transaction: its object is over afterwards", async ({ create, requires }) => {
    const source = create();
    requires(source, "transaction");
    let leaked: Transaction | undefined;
    await source.transaction(async (tx) => {
      leaked = tx;
      await expectWorks(tx);
    });
    await failure((leaked as Transaction).query("select 1"), "CLOSED");
  });

  suite.test("transaction: statements cannot end it from inside", async ({ writable, table, requires }) => {
    const source = writable({ pool: { max: 1 } });
    requires(source, "transaction");
    const { fragment, rows } = await table();
    const transaction = source.transaction(async (tx) => {
      await tx.query(sql`delete from ${fragment}`);
      await failure(tx.query("commit"), "VALIDATION", "READ_ONLY");
      throw new Error("still open");
    }, write);
    await expect(transaction).rejects.toThrow("still open");
    expect(await rows()).toHaveLength(1);
  });

  suite.test("transaction: isolation is one that the engine has", async ({ harness, writable, requires, needs }) => {
    const source = writable();
    requires(source, "transaction");
    const isolation = needs(harness.isolation, "isolation levels");
    await source.transaction(async (tx) => expectWorks(tx), { isolation });
    const unknown = { isolation: "no-such-level" as never };
    const error = await failure(
      source.transaction(async (tx) => expectWorks(tx), unknown),
      "VALIDATION",
    );
    expect(error).toMatchObject({ field: "isolation" });
  });

  suite.test("transaction: where there is none it says so", async ({ create, skip }) => {
    const source = create();
    if (source.capabilities.transaction) skip("it has them");
    await failure(
      source.transaction(async (tx) => expectWorks(tx)),
      "UNSUPPORTED",
    );
  });
}
