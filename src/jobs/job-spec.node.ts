import { filterOfPeer } from "../http/peer-filter.node.ts";
import type { Scope } from "../http/route.ts";
import { checkAlternatives } from "../tree/disk/target/alternatives.node.ts";
import { checkBackups } from "../tree/disk/target/backups.node.ts";
import { staysInside } from "../tree/disk/target/side-dir.node.ts";
import { SyncError } from "../errors.ts";
import { aboutField } from "./about-field.ts";
import { count, flag, record, text } from "../tree/order/checks.ts";
import { asksForDeletion } from "../tree/order/order-codec.ts";
import { orderFields } from "../tree/order/order-fields.ts";
import { parseRetention } from "../tree/plan/retention.ts";
import { type JobSpec, orderNames, type OrderOfJob } from "./job.ts";
import { nextTime } from "./schedule.ts";

const checkOfOrder = record(Object.fromEntries(orderNames.map((name) => [name, orderFields[name].check])));

const specFields = {
  from: text(4096),
  to: text(4096),
  title: text(200),
  preview: flag,
  order: checkOfOrder,
  retries: count(1_000_000),
  schedule: text(100),
};
const readFields = record(specFields);

/** The names of what a job has to say, those of an order with `order.` in front. */
export const jobFieldNames: readonly string[] = [
  ...Object.keys(specFields).filter((name) => name !== "order"),
  ...orderNames.map((name) => `order.${name}`),
];

/** Fields of an order that name directories, which have to lie below the place of the job. */
const sideDirs = ["backupDir", "compareDest", "copyDest", "linkDest"] as const;

/**
 * Reads what somebody asks for.
 *
 * @throws BAD_MESSAGE, UNSUPPORTED for a field that is not known, PATH for a directory that lies
 *   outside, USAGE for rules and times that are none, and fields that do not go together
 */
export function readSpec(value: unknown): JobSpec {
  const { from, to, ...fields } = readSomeFields(value);
  if (from === undefined || to === undefined) throw missing(from === undefined ? "from" : "to");
  return { from, to, ...fields };
}

/** Reads some of the fields of a job. @throws as `readSpec` does */
export function readSomeFields(value: unknown): Partial<JobSpec> {
  const { order = {}, ...fields } = readFields(value, "");
  const some: Partial<JobSpec> = { order: order as OrderOfJob, ...fields };
  checkOrder(some);
  const { schedule } = some;
  if (schedule !== undefined) aboutField("schedule", () => nextTime(schedule, Date.now()));
  return some;
}

function missing(field: string): SyncError {
  return new SyncError("BAD_MESSAGE", "a job says where it goes from and to", { detail: { field } });
}

/** What one has to be allowed to do to have such a job. */
export function scopeOfSpec({ order = {}, preview = false }: JobSpec): Scope {
  if (asksForDeletion(order)) return "delete";
  return preview ? "read" : "write";
}

function checkOrder({ order = {}, preview = false, schedule }: Partial<JobSpec>): void {
  for (const name of sideDirs)
    aboutField(`order.${name}`, () => {
      if ([order[name] ?? []].flat().every(staysInside)) return;
      throw new SyncError("PATH", "a job works with no directory outside of its places");
    });
  if (preview && schedule !== undefined)
    throw new SyncError("USAGE", "a preview is of now, and has no schedule", {
      detail: { field: "schedule" },
    });
  aboutField("order.filter", () => filterOfPeer(order));
  checkAlternatives(order);
  const { backupDir, backupSuffix, retention } = order;
  if (backupDir !== undefined || backupSuffix !== undefined)
    aboutField(backupDir === undefined ? "order.backupSuffix" : "order.backupDir", () => checkBackups(order));
  if (retention !== undefined) aboutField("order.retention", () => parseRetention(retention));
}
