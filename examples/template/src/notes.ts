import { desc, sql } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import { bigint, pgTable, text, timestamp } from "drizzle-orm/pg-core";

const notes = pgTable("notes", {
  id: bigint({ mode: "bigint" }).primaryKey().generatedAlwaysAsIdentity(),
  text: text().notNull(),
  at: timestamp({ withTimezone: true }).notNull().defaultNow(),
});

export type Note = typeof notes.$inferSelect;

/** The rows of the page, in Lakebase. */
export interface Notes {
  add(text: string): Promise<void>;
  latest(): Promise<Note[]>;
}

export async function openNotes(db: NodePgDatabase): Promise<Notes> {
  await db.execute(sql`create table if not exists notes (
    id bigint generated always as identity primary key, text text not null, at timestamptz not null default now())`);
  return {
    async add(text) {
      await db.insert(notes).values({ text });
    },
    latest: () => db.select().from(notes).orderBy(desc(notes.id)).limit(10),
  };
}
