import type { SyncError } from "../../../errors.ts";
import type { ByteRange, TreeChange } from "../../entry/entry.ts";
import type { NameIn } from "../calls/dir-node.node.ts";
import type { FileStats } from "../calls/file-stats.node.ts";
import { fileTrouble } from "../calls/file-trouble.node.ts";
import type { HeldDirs } from "../calls/held-dirs.node.ts";
import type { PlannedEntry } from "./entry-planner.node.ts";
import type { ForeseenKeeping } from "./foreseen-keeping.node.ts";
import type { ForeseenRefusals } from "./foreseen-refusals.node.ts";
import { changeOf, type Differing } from "./tree-change.node.ts";

/** An entry, and the first name of its file where it would be linked to that. */
export type PlannedLink = PlannedEntry & Pick<Differing, "linkedTo">;

/** Whom changes are told to, and what a real run would meet at them. */
interface ForeseenChangesParts {
  /** What is there; undefined where nothing is. */
  readonly held: HeldDirs | undefined;
  readonly refusals: ForeseenRefusals | undefined;
  readonly keeping: ForeseenKeeping;
  /** True when files would be changed where they are. */
  readonly inPlace: boolean;
  readonly onChange: ((change: TreeChange) => void) | undefined;
  readonly onTrouble: (entry: number, error: SyncError) => void;
}

/** Tells what would become of paths. */
export class ForeseenChanges {
  readonly #parts: ForeseenChangesParts;

  constructor(parts: ForeseenChangesParts) {
    this.#parts = parts;
  }

  /**
   * Says of a path what would be done to it.
   *
   * @param ranges where its content differs, if that is known
   * @throws what a real run would be refused with
   */
  tell(planned: PlannedLink, ranges?: readonly ByteRange[]): void {
    const { dir, name, entry, there, outcome, differs, linkedTo } = planned;
    const { refusals, keeping, inPlace, onChange } = this.#parts;
    if (outcome === "same") return;
    const { owner } = there ?? {};
    if (!inPlace || outcome !== "changed") refusals?.check({ dir, name, kind: entry.kind, outcome, owner });
    if (outcome !== "touched" && !linkedTo) keeping.tellOfNew(dir, entry);
    const { kind, size, target } = entry;
    const change = changeOf({ dir, name, outcome, differs, kind, size, target, linkedTo });
    onChange?.(ranges ? { ...change, ranges } : change);
  }

  /** Says that a file would go away, as another directory has the same. */
  tellLeftOut({ dir, name, entry: { kind }, there }: PlannedEntry): void {
    if (there) this.#parts.onChange?.(changeOf({ dir, name, kind, size: 0, outcome: "deleted" }));
  }

  /** Says that a path would be deleted, or why that would fail. */
  tellDeleted(at: NameIn, path: string, kind: FileStats["kind"]): void {
    const { held, refusals, onChange, onTrouble } = this.#parts;
    try {
      const owner = held!.look(at.dir, at.name)?.owner;
      refusals?.check({ ...at, kind, outcome: "deleted", owner });
      onChange?.({ change: "deleted", path, kind, size: 0, differs: [] });
    } catch (thrown) {
      onTrouble(0, fileTrouble(thrown, path));
    }
  }
}
