import { isSyncError, SyncError } from "../errors.ts";
import { aboutField } from "./about-field.ts";
import { type Fixed, withFixed } from "./fixed-fields.ts";
import type { JobPlaces } from "./job-places.node.ts";
import { jobFieldNames, readSomeFields } from "./job-spec.node.ts";

const example = "as in --fix to=backup/mine or --fix order.bytesPerSecond=1000000";

/** Checks what all jobs are to have, before somebody asks for one. @throws USAGE */
export function checkFixed(fixed: Fixed, places: JobPlaces): void {
  const unknown = Object.keys(fixed).find((name) => !jobFieldNames.includes(name));
  if (unknown !== undefined) {
    const message = `there is no such field; the fields are ${jobFieldNames.join(", ")}`;
    throw unfit(new SyncError("UNSUPPORTED", message, { detail: { field: unknown } }));
  }
  try {
    const { from, to, order, preview = false } = readSomeFields(withFixed({}, fixed));
    const asked = { ...order, dryRun: preview };
    if (from !== undefined) aboutField("from", () => places.source(from, asked));
    if (to !== undefined) aboutField("to", () => places.target(to, asked));
  } catch (thrown) {
    throw isSyncError(thrown) ? unfit(thrown) : thrown;
  }
}

function unfit(cause: SyncError): SyncError {
  const { message, detail } = cause;
  const { field = "" } = detail;
  return new SyncError("USAGE", `--fix ${field}: ${message}; ${example}`, { cause, detail: { field } });
}
