import { SyncError } from "../../errors.ts";
import type { OptionSpecs, OptionValues } from "../command.ts";
import { readCount } from "./arguments.ts";

const maxLeaseSeconds = 86_400;

/** The options of commands whose work many hosts share. */
export const coordinatorOptions = {
  coordinator: {
    type: "string",
    value: "URL",
    about: "share the work with other processes, on any hosts: redis://HOST, rediss://, s3://BUCKET/PREFIX",
  },
  lease: {
    type: "string",
    value: "SECONDS",
    about: "without a sign of life for so long, what a process has is taken over; 30 unless given",
  },
} as const satisfies OptionSpecs;

/** The lease that is asked for, in milliseconds. @throws USAGE */
export function readLease({ coordinator, lease }: OptionValues<typeof coordinatorOptions>): {
  readonly leaseMs?: number;
} {
  const seconds = readCount("lease", lease, 1, maxLeaseSeconds);
  if (seconds === undefined) return {};
  if (coordinator === undefined) throw new SyncError("USAGE", "--lease goes with --coordinator");
  return { leaseMs: seconds * 1000 };
}
