import { SyncError } from "../../errors.ts";
import type { Order } from "../../tree/order/order.ts";
import { parseRetention } from "../../tree/plan/retention.ts";
import type { OptionSpecs, OptionValues } from "../command.ts";

/** Options about snapshots, which rsync has no name for. */
export const snapshotOptions = {
  snapshot: {
    type: "boolean",
    about: "make a snapshot in DST, named by the time, linked to the last one",
    doc: "make a [snapshot](places.md#snapshots) in DST, named by the time, which shares what is the same with the last one",
  },
  retain: {
    type: "string",
    value: "RULE",
    about: "which snapshots stay: 10, or such as hourly:24,daily:7",
    doc: "which snapshots stay then: a number, or such as `hourly:24,daily:7,weekly:4,monthly:12`; all unless given",
  },
} as const satisfies OptionSpecs;

/** Options that say what a snapshot says already, or the contrary. */
const others = [
  "delete",
  "delete-excluded",
  "link-dest",
  "copy-dest",
  "compare-dest",
  "backup",
  "backup-dir",
  "existing",
];

/** @throws USAGE */
export function snapshotOf(
  options: OptionValues<typeof snapshotOptions> & Readonly<Record<string, unknown>>,
): Pick<Order, "snapshot" | "retention"> {
  const { retain, snapshot = false } = options;
  if (!snapshot && retain !== undefined) throw new SyncError("USAGE", "--retain is for --snapshot");
  if (!snapshot) return {};
  const other = others.find((name) => options[name] !== undefined);
  if (other !== undefined) throw new SyncError("USAGE", `--${other} makes no sense with --snapshot`);
  if (retain !== undefined) parseRetention(retain);
  return { snapshot, retention: retain };
}
