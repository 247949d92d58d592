import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { receiveTree } from "../../src/session/receive.ts";
import { sendTree } from "../../src/session/send.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { duplexPair } from "../../src/transport/memory.ts";
import { openTreePreview } from "../../src/tree/disk/target/preview.node.ts";
import { openTreeSource, type TreeSourceOptions } from "../../src/tree/disk/source/source.node.ts";
import type { TreeTargetOptions } from "../../src/tree/disk/target/target-options.node.ts";
import { openTreeTarget } from "../../src/tree/disk/target/target.node.ts";
import type { TreeChange } from "../../src/tree/entry/entry.ts";
import { asLarge } from "../as-large.ts";
import { freshFolder } from "../cli/run.ts";
import { describeTree } from "../unit/tree/disk/disk-tree.ts";
import { printedSeed } from "../printed-seed.ts";

type Random = () => number;

export interface PlantOptions {
  /** False to have files, links and directories under names of their own each. */
  readonly mixed?: boolean;
  readonly depth?: number;
  /** What links hold; two texts unless given. */
  readonly links?: readonly string[];
  /** More names of files. */
  readonly names?: readonly string[];
}

/** One of some things. */
export function pick<Item>(random: Random, items: readonly Item[]): Item {
  return items[Math.floor(random() * items.length)]!;
}

/**
 * A tree of few names, so that two of them have most in common, and differ in all ways. Files of
 * the same time have the same content and mode, so what is replaced is the same for who compares
 * times, and for who compares content.
 */
export function plantFewNames(random: Random, dir: string, options: PlantOptions = {}): void {
  const { depth = 2, links = ["b", "c"], mixed = true, names = [] } = options;
  fs.mkdirSync(dir, { recursive: true });
  for (const name of ["a", "b", "c", "e", "f", ...names]) {
    const place = join(dir, name);
    const kind = random();
    const isOfDirs = name === "e" || name === "f";
    if (kind < 0.2) continue;
    if (isOfDirs && depth > 0 && kind < (mixed ? 0.6 : 1))
      plantFewNames(random, place, { ...options, depth: depth - 1 });
    else if (kind < 0.4 && (mixed || name === "a")) plantLink(random, place, links);
    else if (mixed || (!isOfDirs && name !== "a")) plantFile(random, place);
  }
  fs.utimesSync(dir, 1000, 1000);
}

function plantFile(random: Random, place: string): void {
  const time = 1000 + Math.floor(random() * 3); // rsync compares whole seconds
  fs.writeFileSync(place, "x".repeat([0, 1, 5000][time - 1000]!), { mode: 0o644 });
  fs.utimesSync(place, time, time);
}

function plantLink(random: Random, place: string, links: readonly string[]): void {
  fs.symlinkSync(pick(random, links), place);
  fs.lutimesSync(place, 1000, 1000);
}

/** A line for each path, without the times of directories. */
export function linesOf(root: string): string[] {
  if (!fs.existsSync(root)) return [];
  return describeTree(root).map((line) => line.replace(/ \d+ dir$/, " dir"));
}

export interface SyncHereOptions {
  readonly source?: TreeSourceOptions;
  readonly target?: TreeTargetOptions;
  /** True to compare directories by their digests, however small the tree is. */
  readonly isLarge?: boolean;
}

/** What is told of a session: each change as a line, and how many entries failed. */
export interface ToldOfSync {
  readonly changes: readonly string[];
  readonly failed: number;
}

/** Brings one tree up to date with another, or foretells that; both ends of a session are here. */
export async function syncHere(
  from: string,
  to: string,
  { isLarge = false, source = {}, target = {} }: SyncHereOptions,
  foretell = false,
): Promise<ToldOfSync> {
  const changes: string[] = [];
  const onChange = ({ change, path, kind, size }: TreeChange): void =>
    void changes.push(`${change} ${path} ${kind} ${size}`);
  const opened = await openTreeSource(from, source);
  const sending = isLarge ? asLarge(opened) : opened;
  try {
    const options = { ...target, onChange };
    const receiving = foretell ? openTreePreview(to, options) : await openTreeTarget(to, options);
    const [left, right] = duplexPair();
    let failed = 0;
    const onTrouble = (): void => void (failed += 1);
    await Promise.all([receiveTree(receiving, right, { onTrouble }), sendTree(sending, left, { onTrouble })]);
    return { changes: changes.sort(), failed };
  } finally {
    await opened.close();
  }
}

/** `npm run soak` sets how long; the short form is a number of rounds, however long they take. */
const soakMs = Number(process.env["SOAK_MS"] ?? 0);

/** Does something in a folder of its own, again and again. */
export async function inRounds(
  shortCount: number,
  work: (random: Random, folder: string, message: string) => Promise<void>,
): Promise<void> {
  const seed = printedSeed();
  const random = seededRandom(seed);
  const start = Date.now();
  for (let round = 1; round <= shortCount || Date.now() - start < soakMs; round++) {
    const folder = freshFolder();
    await work(random, folder, `seed ${seed}, round ${round}`);
    fs.rmSync(folder, { recursive: true });
  }
}

/** Runs rsync on a tree; returns its exit code. */
export function rsync(args: readonly string[], from: string, to: string): number | null {
  return spawnSync("rsync", ["-rlpt", ...args, from, to]).status;
}
