import type { Notice } from "./result.ts";

/** What happened behind the calls, for logs. Carries no SQL, no values and no secrets. */
export type DataSourceEvent =
  | { readonly type: "connection-opened"; readonly durationMs: number }
  | { readonly type: "connection-closed"; readonly reason: string }
  /** A new session replaced one that the server had dropped. */
  | { readonly type: "reconnected"; readonly reason: string }
  /** A statement or unit is about to run once more. */
  | { readonly type: "retry"; readonly attempt: number; readonly reason: string }
  | { readonly type: "notice"; readonly notice: Notice };

/** What it throws is ignored. */
export type EventListener = (event: DataSourceEvent) => void;
