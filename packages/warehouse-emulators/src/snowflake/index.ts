export { startSnowflakeEmulator } from "./emulator.ts";
export type { SnowflakeEmulator } from "./emulator.ts";
export type { Fault, FaultPoint } from "./faults.ts";
export type { EmulatedGrant, EmulatedUser, SnowflakeEmulatorOptions } from "./options.ts";
export type { Gate, QueryStatus, ServerQuery } from "./queries.ts";
export type { Script, ScriptContext, ScriptReply } from "./scripts.ts";
export type { Expiry } from "./sessions.ts";
export type { WireColumn, WireRow, WireType } from "./wire.ts";
