import type { Capabilities, Guarantee } from "@org/data-source-core";
import { readOnly } from "./read-only.ts";

const nobody: Guarantee = { enforcedBy: "none", note: "Not written yet.", gaps: [] };

/** What is promised, and by whom. Never more than a test has shown. */
export const capabilities: Capabilities = {
  readOnly,
  maxRows: nobody,
  maxBytes: nobody,
  statementTimeout: nobody,
  cancel: nobody,
  session: false,
  transaction: false,
  savepoint: false,
  atomicBatch: false,
  estimate: false,
  namedParams: false,
};
