import type { LakebaseEmulator } from "@org/lakebase-emulator";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createPostgresDataSource } from "../src/index.ts";
import { escapes } from "./escapes.ts";
import { openAsSuperuser, prepareDatabase, startServer } from "./server.ts";

let emulator: LakebaseEmulator;
beforeAll(async () => {
  emulator = await startServer();
  await prepareDatabase(emulator);
});
afterAll(() => emulator.close());

/** Everything that an escape could leave behind. */
async function traces(): Promise<unknown> {
  const { rows } = await emulator.query(`select
    (select json_agg(t) from guarded t) as rows,
    (select count(*)::int from pg_class) as relations,
    (select count(*)::int from pg_roles) as roles,
    (select count(*)::int from pg_extension) as extensions,
    (select count(*)::int from pg_largeobject_metadata) as objects,
    (select count(*)::int from pg_prepared_xacts) as prepared,
    (select coalesce(obj_description('guarded'::regclass), 'none')) as comment,
    (select last_value::int from conf_sequence) as sequence,
    (select is_called from conf_sequence) as called`);
  return rows[0];
}

test("no escape succeeds, not even as a superuser, nor changes the connection for the next", async () => {
  await emulator.query("create table guarded (id int primary key, name text)");
  await emulator.query("insert into guarded values (1, 'one')");
  const before = await traces();
  const all = escapes("guarded");
  expect(all.length).toBeGreaterThanOrEqual(60);
  await using source = openAsSuperuser(emulator, { access: "read-write", pool: { max: 1 } });
  const settings = async (): Promise<unknown> =>
    (
      await source.query(`select json_object_agg(name, setting) as s from pg_settings
        where name not like 'plpgsql.%' and name <> 'statement_timeout'`)
    ).rows;
  const settingsBefore = await settings();
  for (const escape of all) {
    await source.query(escape).catch(() => undefined);
    await expect(source.query("delete from guarded"), escape).rejects.toMatchObject({ code: "READ_ONLY" });
    expect(await traces(), escape).toEqual(before);
  }
  expect(await settings()).toEqual(settingsBefore);
});

test("what is refused by name is refused before it reaches the server", async () => {
  await using source = createPostgresDataSource({ host: "127.0.0.1", port: 1, user: "nobody" });
  const refused = [
    "commit",
    "set x = 1",
    "copy t to program 'x'",
    "do $$ begin end $$",
    "select dblink_exec('x', 'y')",
  ];
  for (const text of refused) await expect(source.query(text), text).rejects.toMatchObject({ code: "READ_ONLY" });
});

test("a setting that SQL in a string changed is gone for the next caller", async () => {
  await emulator.query(`create function conf_hidden() returns text language sql
    as $$ select set_config('search_path', 'evil', false) || set_config('role', 'pg_monitor', false) $$`);
  await using source = openAsSuperuser(emulator, { pool: { max: 1 } });
  const state = async (): Promise<unknown> =>
    (await source.query("select current_setting('search_path') as path, current_user as me, pg_backend_pid() as pid"))
      .rows;
  const before = await state();
  await source.query("select conf_hidden()");
  expect(await state()).toEqual(before);
});

test("a read's notification is not delivered, and its advisory lock is a gap that capabilities name", async () => {
  await using source = openAsSuperuser(emulator, { pool: { max: 1 } });
  await source.query("select pg_notify('x', 'y')");
  const { rows } = await source.query("select pg_notification_queue_usage() as used");
  expect(rows).toEqual([{ used: 0 }]);
  const named = source.capabilities.readOnly.gaps.join(" ");
  for (const gap of ["dvisory locks", "pg_notify", "pg_sleep", "pg_terminate_backend"]) expect(named).toContain(gap);
});

test("a function called as if it were a column is refused like any other", async () => {
  await using source = openAsSuperuser(emulator);
  const refused = source.query("select ('escape'::text).pg_create_restore_point");
  await expect(refused).rejects.toMatchObject({ code: "READ_ONLY", sqlState: undefined });
});

test("a function that a name with a wide space would hide is refused", async () => {
  await using source = openAsSuperuser(emulator);
  const hidden = source.query("select 1 as a\u3000$$, pg_reload_conf() --$$");
  await expect(hidden).rejects.toMatchObject({ code: "READ_ONLY" });
});

const state = `select current_setting('application_name') as name, current_setting('search_path') as path, current_user as me,
  session_user as login, (select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()) as locks,
  (select count(*) from pg_class where pg_my_temp_schema() = relnamespace) as temporary,
  (select count(*) from pg_listening_channels()) as channels, (select count(*) from pg_cursors where is_holdable) as cursors`;

test.each<[string, boolean]>([
  ["select pg_advisory_lock(7)", true],
  ["select (7::int8).pg_advisory_lock", true],
  ["select set_config('application_name', 'theirs', false)", false],
  ["do $$ begin set search_path = evil; set role pg_monitor; end $$", false],
  ["do $$ begin execute 'set session authorization pg_monitor'; end $$", false],
  ["do $$ begin execute 'listen x'; execute 'declare c cursor with hold for select 1'; end $$", false],
  ["create temporary table leaked (a int)", false],
  ["create table pg_temp.leaked (a int)", false],
  ["select 1 as a into temp leaked", false],
  ["create temporary view leaked as select 1", false],
])("nothing of it reaches the next caller: %s (readOnly: %s)", async (text, readOnly) => {
  await using source = openAsSuperuser(emulator, { pool: { max: 1 }, access: "read-write" });
  const before = (await source.query(state)).rows;
  const next = async (): Promise<unknown> => (await source.query(state)).rows;
  await source.query(text, { readOnly });
  expect(await next()).toEqual(before);
  await source.transaction((tx) => tx.query(text), { readOnly });
  expect(await next()).toEqual(before);
  for await (const rows of source.stream(text, { readOnly })) expect(rows.length).toBeLessThan(2);
  expect(await next()).toEqual(before);
});

test("a text whose quotes the server reads otherwise is still one statement, under its own rules", async () => {
  await emulator.query("alter role postgres set standard_conforming_strings = off");
  try {
    await using source = openAsSuperuser(emulator, { pool: { max: 1 } });
    const { rows } = await source.query(String.raw`select '\' as a, '; delete from guarded; --' as b`);
    expect(rows).toEqual([{ a: "\\", b: "; delete from guarded; --" }]);
  } finally {
    await emulator.query("alter role postgres reset standard_conforming_strings");
  }
});
