export { startBigQueryEmulator } from "./emulator.ts";
export type { BigQueryEmulator, BigQueryEmulatorOptions } from "./emulator.ts";
export type { Fault } from "./faults.ts";
export type { Field } from "./field.ts";
export type { Job } from "./job.ts";
export type { Script, ScriptedAnswer, ScriptedCell } from "./script.ts";
export type { DatasetDefinition, ForeignKeyDefinition, TableDefinition } from "./tables.ts";
