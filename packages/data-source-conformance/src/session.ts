import { sql, type Session } from "@org/data-source-core";
import { expect } from "vitest";
import { expectWorks, failure, marker, type Suite } from "./suite.ts";

const write = { readOnly: false } as const;

export function sessionCases(suite: Suite): void {
  suite.test(
    "session: a temporary table lives in it and not after it",
    async ({ harness, writable, requires, needs }) => {
      const source = writable({ pool: { max: 1 } });
      requires(source, "session");
      const createTemporaryTable = needs(harness.sql.createTemporaryTable, "temporary tables");
      const name = sql.identifier(marker());
      const seen = await source.session(async (session) => {
        await session.query(createTemporaryTable(name));
        await session.query(sql`insert into ${name} (id) values (1), (2)`);
        const { rows } = await session.query<{ id: bigint }>(sql`select id from ${name} order by id`);
        return rows;
      }, write);
      expect(seen).toEqual([{ id: 1n }, { id: 2n }]);
      await failure(source.query(sql`select id from ${name}`), "NOT_FOUND");
    },
  );

  suite.test("session: two at once do not see each other's", async ({ harness, writable, requires, needs }) => {
    const source = writable({ pool: { max: 2 } });
    requires(source, "session");
    const createTemporaryTable = needs(harness.sql.createTemporaryTable, "temporary tables");
    const name = sql.identifier(marker());
    const both = Promise.withResolvers<void>();
    let created = 0;
    const one = (value: bigint): Promise<unknown> =>
      source.session(async (session) => {
        await session.query(createTemporaryTable(name));
        await session.query(sql`insert into ${name} (id) values (${sql.typed(value, "integer")})`);
        created += 1;
        if (created === 2) both.resolve();
        await both.promise;
        return (await session.query(sql`select id from ${name}`)).rows;
      }, write);
    expect(await Promise.all([one(1n), one(2n)])).toEqual([[{ id: 1n }], [{ id: 2n }]]);
  });

  suite.test("session: statements given at once run in order", async ({ harness, create, requires }) => {
    const source = create();
    requires(source, "session");
    const done: string[] = [];
    await source.session(async (session) => {
      const first = session.query(harness.sql.sleep(0.3, marker())).then(() => done.push("first"));
      const second = session.query("select 1").then(() => done.push("second"));
      await Promise.all([first, second]);
    });
    expect(done).toEqual(["first", "second"]);
  });

  suite.test("session: a failed statement does not end it", async ({ harness, create, requires }) => {
    const source = create({ pool: { max: 1 } });
    requires(source, "session");
    await source.session(async (session) => {
      await failure(session.query(harness.sql.syntaxError.text), "SYNTAX");
      await expectWorks(session);
      for await (const rows of session.stream(harness.sql.numbers(100_000))) if (rows.length > 0) break;
      await expectWorks(session);
    });
    await expectWorks(source);
  });

  suite.test("session: what work throws arrives as it is, and it is over afterwards", async ({ create, requires }) => {
    const source = create({ pool: { max: 1 } });
    requires(source, "session");
    const mine = new Error("mine");
    let leaked: Session | undefined;
    const session = source.session(async (given) => {
      leaked = given;
      throw mine;
    });
    await expect(session).rejects.toBe(mine);
    await failure((leaked as Session).query("select 1"), "CLOSED");
    await expectWorks(source);
  });

  suite.test("session: its signal cancels the statement that runs", async ({ harness, create, requires }) => {
    const source = create({ pool: { max: 1 } });
    requires(source, "session");
    const caller = new AbortController();
    const session = source.session(
      async (given) => {
        setTimeout(() => caller.abort(), 100);
        await given.query(harness.sql.sleep(20, marker()));
      },
      { signal: caller.signal },
    );
    await failure(session, "CANCELLED");
    await expectWorks(source);
  });
}
