import fs from "node:fs";
import { closingAfter } from "../../../bytes/closing.ts";
import path from "node:path";
import { override } from "../../../bytes/override.ts";
import { SyncError } from "../../../errors.ts";
import { retained } from "../../plan/retained.ts";
import type { Retention } from "../../plan/retention.ts";
import type { TargetOptions, TreeTarget } from "../../target.ts";
import { type PlacePath, printPath, placeBytes } from "../calls/byte-string.node.ts";
import { fileTrouble, isErrno } from "../calls/file-trouble.node.ts";
import { HeldDirs } from "../calls/held-dirs.node.ts";
import { openTreePreview } from "./preview.node.ts";
import { removeDir } from "../calls/remove-file.node.ts";
import type { TreeTargetOptions } from "./target-options.node.ts";
import { openTreeTarget } from "./target.node.ts";

/** How snapshots are made. */
export interface SnapshotOptions extends Omit<
  TreeTargetOptions,
  "linkDest" | "copyDest" | "compareDest" | "maxDeletedCount"
> {
  /**
   * Which snapshots stay when one more is complete; all unless given, and when the sender could not
   * list or read all it has, or has nothing.
   */
  readonly retention?: Retention | undefined;
  /** True to change nothing, and to tell how the tree differs from the last snapshot. */
  readonly dryRun?: boolean | undefined;
}

/** What a snapshot is called while it is made; the next run goes on with it. */
export const incompleteName = ".incomplete";
/** The link to the last one that is complete. */
export const latestName = "latest";

/**
 * A target that makes a snapshot: a directory in `place` named by the time, in which all that is
 * the same as in the last one is a further name for it. It has its name when it is complete.
 *
 * @param place a directory; made when it is not there, but not the one around it
 * @throws NOT_FOUND, USAGE for what is no directory, IO
 */
export async function openSnapshot(place: PlacePath, options: SnapshotOptions = {}): Promise<TreeTarget> {
  const { dryRun = false, retention, ...others } = options;
  const snapshots = new Snapshots(place);
  const last = snapshots.names().at(-1);
  if (dryRun)
    return openTreePreview(snapshots.pathOf(`${last ?? incompleteName}/`), {
      ...others,
      maxDeletedCount: Infinity,
    });
  snapshots.make();
  let given: TargetOptions | undefined;
  const inner = await openTreeTarget(snapshots.pathOf(`${incompleteName}/`), {
    ...others,
    ...(last !== undefined && { linkDest: [`../${last}`] }),
    // What an earlier run began may have names that are gone from the source meanwhile.
    maxDeletedCount: Infinity,
    deletesExcluded: true,
    sparesLinked: true,
  });
  return override(inner, {
    open(targetOptions: TargetOptions) {
      given = targetOptions;
      return inner.open(targetOptions);
    },
    async commit(whole: boolean) {
      // A snapshot holds nothing but the tree.
      await inner.discard!();
      await inner.commit(whole);
      // What the sender could not read may be in earlier ones alone; or the source was not mounted.
      const isRetained = whole && !snapshots.isEmpty();
      const trouble = snapshots.complete();
      if (trouble) given?.onTrouble(0, trouble);
      if (retention && isRetained) snapshots.prune(retention, (error) => given?.onTrouble(0, error));
    },
  });
}

/** Names of snapshots: `2026-11-29T01-22-33Z`, and `-2` behind a second one of that second. */
const namePattern = /^(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)Z(?:-\d+)?$/;

/** The directory of snapshots. */
class Snapshots {
  readonly #place: string;

  constructor(place: PlacePath) {
    if (typeof place !== "string")
      throw new SyncError("USAGE", "snapshots are made in a directory whose path is UTF-8", {
        detail: { path: printPath(placeBytes(place)) },
      });
    this.#place = place.replace(/(?<=.)\/+$/, "");
  }

  /** The complete ones, the earliest first. @throws USAGE, IO */
  names(): string[] {
    try {
      const entries = fs.readdirSync(this.#place, { withFileTypes: true });
      return entries
        .filter((entry) => entry.isDirectory() && timeOf(entry.name) !== undefined)
        .map(({ name }) => name)
        .sort(
          (a, b) => timeOf(a)!.getTime() - timeOf(b)!.getTime() || a.length - b.length || (a < b ? -1 : 1),
        );
    } catch (thrown) {
      if (isErrno(thrown, "ENOENT")) return [];
      if (isErrno(thrown, "ENOTDIR"))
        throw new SyncError("USAGE", "snapshots are made in a directory", {
          cause: thrown,
          detail: { path: this.#place },
        });
      throw fileTrouble(thrown, this.#place);
    }
  }

  pathOf(name: string): string {
    return path.join(this.#place, name);
  }

  /** @throws NOT_FOUND, IO */
  make(): void {
    try {
      fs.mkdirSync(this.#place);
    } catch (thrown) {
      if (isErrno(thrown, "EEXIST")) return;
      if (!isErrno(thrown, "ENOENT")) throw fileTrouble(thrown, this.#place);
      const detail = { path: this.#place };
      throw new SyncError("NOT_FOUND", "the directory around the snapshots is missing", {
        cause: thrown,
        detail,
      });
    }
  }

  /** True when nothing is in the one that is made. */
  isEmpty(): boolean {
    return fs.readdirSync(this.pathOf(incompleteName)).length === 0;
  }

  /**
   * Gives the one that is made its name, and returns what keeps the link from leading to it: what
   * is no link is somebody else's.
   */
  complete(): SyncError | undefined {
    const name = this.#freeName(new Date());
    fs.renameSync(this.pathOf(incompleteName), this.pathOf(name));
    const latest = fs.lstatSync(this.pathOf(latestName), { throwIfNoEntry: false });
    if (latest?.isSymbolicLink() === false)
      return new SyncError("PATH", "this is no link to the last snapshot, and stays as it is", {
        detail: { path: latestName },
      });
    const link = this.pathOf(`.${latestName}.${process.pid}`);
    try {
      fs.symlinkSync(name, link);
      fs.renameSync(link, this.pathOf(latestName));
    } catch {
      // Not every file system has links; the names tell which is the last.
      fs.rmSync(link, { force: true });
    }
    return undefined;
  }

  /** A name behind all others of its second, those between that are gone included. */
  #freeName(time: Date): string {
    const name = nameOf(time);
    const numberOf = (taken: string): number => {
      if (taken === name) return 1;
      return taken.startsWith(`${name}-`) ? Number(taken.slice(name.length + 1)) || 0 : 0;
    };
    const last = fs.readdirSync(this.#place).reduce((most, taken) => Math.max(most, numberOf(taken)), 0);
    return last === 0 ? name : `${name}-${last + 1}`;
  }

  /** Removes those that are not to stay. */
  prune(retention: Retention, onTrouble: (error: SyncError) => void): void {
    const byTime = this.names().map((name) => [name, timeOf(name)!] as const);
    const kept = retained(
      byTime.map(([, time]) => time),
      retention,
    );
    const held = new HeldDirs(this.#place);
    const prune = (): void => {
      for (const [name, time] of byTime) if (!kept.has(time)) this.#remove(held, name, onTrouble);
    };
    closingAfter(prune, () => held.close());
  }

  #remove(held: HeldDirs, name: string, onTrouble: (error: SyncError) => void): void {
    try {
      removeDir(held, { dir: held.root, name });
    } catch (thrown) {
      onTrouble(fileTrouble(thrown, name));
    }
  }
}

/** The name of the snapshot of a time. */
function nameOf(time: Date): string {
  return `${time.toISOString().slice(0, 19).replaceAll(":", "-")}Z`;
}

/** Undefined for a name that is of no time, such as one of the 30th of February. */
function timeOf(name: string): Date | undefined {
  const [, day, hour, minute, second] = namePattern.exec(name) ?? [];
  const time = new Date(`${day}T${hour}:${minute}:${second}Z`);
  return !Number.isNaN(time.getTime()) && name.startsWith(nameOf(time)) ? time : undefined;
}
