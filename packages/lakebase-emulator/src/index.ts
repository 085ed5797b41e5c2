export type { Counters } from "./counters.ts";
export type { DatabaseTokenOptions, LakebaseEmulator } from "./emulator.ts";
export type { ApiFault, ApiRoute, Distortion, FaultOptions, Faults, LoginFault } from "./faults.ts";
export type { LakebaseEmulatorOptions } from "./options.ts";
export type { Mint } from "./routes.ts";
export { startLakebaseEmulator } from "./start.ts";
