import { isDataSourceError } from "@org/data-source-core";
import { describe, expect, test } from "vitest";
import { checkStatement, type StatementScope } from "./read-only.ts";

const read: StatementScope = { readOnly: true, inSession: false, inTransaction: false };
const write: StatementScope = { ...read, readOnly: false };
const session: StatementScope = { ...write, inSession: true };
const transaction: StatementScope = { ...write, inTransaction: true };

function codeOf(text: string, scope: StatementScope): string {
  try {
    checkStatement(text, scope);
    return "allowed";
  } catch (error) {
    return isDataSourceError(error) ? error.code : String(error);
  }
}

describe("a read", () => {
  test.each([
    "select 1",
    "(select 1) union (select 2)",
    "with a as (select 1) select * from a",
    "with a as (select 1) (select * from a)",
    "table t",
    "values row(1)",
    "show create table t",
    "desc t",
    "explain delete from t",
    "analyze format=json select 1",
    "select 'into outfile' from `into`",
    "select /*+ max_execution_time(1000) */ 1",
    "select replace(a, 'x', 'y'), insert(a, 1, 1, 'x') from t",
    "select * from t use index for join (i)",
    "select * from t for system_time all",
    "select @a, @@version",
    "select 1 -- for update\n",
  ])("%s", (text) => {
    expect(codeOf(text, read)).toBe("allowed");
  });

  // Only what the server's read-only session lets through: this check alone stands before it.
  test.each([
    "select 1 into outfile '/tmp/x'",
    "select 1 into @a",
    "select @a := 1",
    "select * from t for update",
    "select * from t lock in share mode",
    "select get_lock('a', 1)",
    "select `get_lock`('a', 1)",
    "select load_file('/etc/passwd')",
    "handler t open",
    "flush tables",
    "analyze table t",
    "analyze local table t",
    "call p()",
    "set session transaction read write",
    "set tx_read_only = 0",
    "execute immediate 'select 1'",
    "commit",
    "kill 1",
    "use mysql",
    "/*! select 1 */",
    "select 1 /*M!100000 into outfile 'x' */",
    "select 'a",
    "select 1 /* ",
    "select 1 --\x7f '\n into outfile '/tmp/x' -- '",
    "select 1; select 2",
    "show warnings",
    "show count(*) errors",
    "select last_insert_id()",
    "select last_insert_id(7)",
    "select found_rows()",
  ])("%s is refused", (text) => {
    expect(codeOf(text, read)).toBe("READ_ONLY");
  });
});

describe("a write on a pooled connection", () => {
  test.each([
    "insert into t values (1)",
    "insert into t values (1) on duplicate key update id = last_insert_id(id)",
    "create table t (a int)",
    "call p()",
    "/*!40101 insert into t values (1) */",
  ])("%s", (text) => {
    expect(codeOf(text, write)).toBe("allowed");
  });

  test.each([
    "set session sql_mode = ''",
    "use other",
    "lock tables t write",
    "create temporary table t (a int)",
    "select get_lock('a', 1)",
    "select 1 into @a",
    "select @a := 1",
    "commit",
    "start transaction",
    "prepare a from 'select 1'",
    "show errors",
    "replace into t select row_count()",
  ])("%s would stay behind", (text) => {
    expect(codeOf(text, write)).toBe("VALIDATION");
  });

  test.each(["set session sql_mode = ''", "use other", "create temporary table t (a int)", "select 1 into @a"])(
    "%s may in a session",
    (text) => {
      expect(codeOf(text, session)).toBe("allowed");
    },
  );
});

describe("in a transaction", () => {
  test.each([
    "insert into t values (1)",
    "select * from t for update",
    "call p()",
    "with a as (select 1) delete from t",
  ])("%s", (text) => {
    expect(codeOf(text, transaction)).toBe("allowed");
  });

  test.each([
    "create table t (a int)",
    "truncate t",
    "drop table t",
    "set autocommit = 1",
    "commit",
    "rollback",
    "savepoint a",
    "/*! commit */",
    "select 1 /*!99999 ' */ -- '",
  ])("%s would end it", (text) => {
    expect(codeOf(text, transaction)).toBe("VALIDATION");
  });

  test("temporary tables, in a session's", () => {
    const inBoth = { ...transaction, inSession: true };
    expect(codeOf("create temporary table t (a int)", inBoth)).toBe("allowed");
    expect(codeOf("drop temporary table t", inBoth)).toBe("allowed");
    expect(codeOf("drop table t", inBoth)).toBe("VALIDATION");
  });
});

test("what tells of the last statement is one's own in a session; numbers in a transaction too", () => {
  expect(codeOf("select last_insert_id()", transaction)).toBe("allowed");
  expect(codeOf("show warnings", transaction)).toBe("VALIDATION");
  expect(codeOf("show warnings", { ...session, readOnly: true })).toBe("allowed");
});

test("a text without a statement is refused", () => {
  expect(codeOf("-- nothing", write)).toBe("VALIDATION");
  expect(codeOf(";", read)).toBe("VALIDATION");
});
