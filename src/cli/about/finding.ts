import type { SyncError } from "../../errors.ts";

/** What was found out about one thing that a transfer may need. */
export interface Finding {
  readonly name: string;
  /** `wrong` where something that was asked for does not work. */
  readonly state: "ok" | "missing" | "wrong";
  /** Which it is, or what it is missing for. */
  readonly detail: string;
  readonly error?: SyncError;
}
