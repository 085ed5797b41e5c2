import { isDataSourceError, type DataSource, type DataSourceEvent } from "@org/data-source-core";
import { inspect } from "node:util";
import { expect } from "vitest";
import { expectWorks, failure, type Suite } from "./suite.ts";

const wrongPassword = "wrong-canary-password-8841";

function shownForms(value: unknown): string {
  const json = JSON.stringify(value, (_key, item: unknown) => (typeof item === "bigint" ? String(item) : item)) ?? "";
  const text = inspect(value, { depth: 12, getters: true });
  return isDataSourceError(value) ? `${text}${json}${value.stack}${String(value)}` : text + json;
}

export function redactionCases(suite: Suite): void {
  suite.test("redaction: a data source shows no secret", async ({ harness, create, track }) => {
    const sources: DataSource[] = [create(), track(harness.createWithWrongPassword(wrongPassword))];
    await expectWorks(sources[0] as DataSource);
    for (const source of sources) {
      for (const secret of [...harness.secrets, wrongPassword]) {
        expect(shownForms(source)).not.toContain(secret);
        expect(source.cacheIdentity ?? "").not.toContain(secret);
      }
    }
  });

  suite.test("redaction: errors and reports show no secret", async ({ harness, create, track }) => {
    const refused = track(harness.createWithWrongPassword(wrongPassword));
    const unreachable = track(harness.createUnreachable());
    const shown = [
      await failure(refused.query("select 1")),
      await failure(unreachable.query("select 1")),
      await failure(create().query(harness.sql.syntaxError.text)),
      await refused.check(),
      await unreachable.check(),
      await create().check(),
    ].map(shownForms);
    for (const text of shown) {
      for (const secret of [...harness.secrets, wrongPassword]) expect(text).not.toContain(secret);
    }
  });

  suite.test("redaction: events carry no SQL, no values and no secrets", async ({ harness, create }) => {
    const events: DataSourceEvent[] = [];
    const source = create({ onEvent: (event) => events.push(event) });
    await source.query("select 'canary-sql-3391' as a");
    await failure(source.query("select 'canary-sql-3391' from conf_no_such_table"));
    await source.close();
    expect(events.length).toBeGreaterThan(0);
    const text = shownForms(events);
    for (const secret of [...harness.secrets, "canary-sql-3391"]) expect(text).not.toContain(secret);
  });
}
