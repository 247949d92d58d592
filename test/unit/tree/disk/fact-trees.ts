import { spawnSync } from "node:child_process";
import type { SyncError } from "../../../../src/errors.ts";
import { receiveTree } from "../../../../src/session/receive.ts";
import { sendTree, type SendSummary } from "../../../../src/session/send.ts";
import { duplexPair } from "../../../../src/transport/memory.ts";
import { openTreeSource } from "../../../../src/tree/disk/source/source.node.ts";
import type { TreeTargetOptions } from "../../../../src/tree/disk/target/target-options.node.ts";
import { openTreeTarget } from "../../../../src/tree/disk/target/target.node.ts";
import type { TreeChange } from "../../../../src/tree/entry/entry.ts";
import type { Keep } from "../../../../src/tree/plan/keep.ts";
import { asLarge } from "../../../as-large.ts";

/** What a session with facts did and told. */
export interface FactSync {
  readonly changes: readonly string[];
  readonly troubles: readonly SyncError[];
  readonly unkept: readonly string[];
}

/** How a session with facts goes. */
export interface FactSyncOptions extends TreeTargetOptions {
  readonly isOneWay?: boolean;
  /** True to compare directories by their digests, however small the tree is. */
  readonly isLarge?: boolean;
  readonly onSent?: (summary: SendSummary) => void;
}

/** Brings `to` up to date with `from` over a session, both ends with the same order. */
export async function syncFacts(
  from: string,
  to: string,
  keep: Keep,
  options: FactSyncOptions = {},
): Promise<FactSync> {
  const changes: string[] = [];
  const troubles: SyncError[] = [];
  const unkept: string[] = [];
  const source = await openTreeSource(from, { keep });
  const target = await openTreeTarget(to, {
    keep,
    onUnkept: (what) => void unkept.push(what),
    onChange: ({ change, path }: TreeChange) => void changes.push(`${change} ${path}`),
    ...options,
  });
  const [left, right] = duplexPair();
  const duplex = options.isOneWay !== true;
  const onTrouble = (error: SyncError): void => void troubles.push(error);
  const [sent, received] = await Promise.allSettled([
    sendTree(options.isLarge === true ? asLarge(source) : source, left, {
      mode: duplex ? "duplex" : "one-way",
    }),
    receiveTree(target, right, { duplex, onTrouble }),
  ]);
  await source.close();
  if (received.status === "rejected") throw received.reason;
  if (sent.status === "rejected") throw sent.reason;
  options.onSent?.(sent.value);
  return { changes: changes.sort(), troubles, unkept };
}

/**
 * What rsync would do to make `to` like `from`, a line for each path; nothing when they are alike.
 */
export function rsyncSees(options: readonly string[], from: string, to: string): string[] {
  const given = ["--dry-run", "--itemize-changes", "--checksum", "--delete", "--open-noatime", ...options];
  const { status, stdout, stderr } = spawnSync("rsync", [...given, `${from}/`, `${to}/`], {
    encoding: "latin1",
    maxBuffer: 2 ** 26,
  });
  if (status !== 0) throw new Error(`rsync ended with ${status}: ${stderr}`);
  return stdout.split("\n").filter((line) => line !== "");
}
