import type { AbortOptions } from "../types.ts";
import type { KeptChunks } from "./kept-chunks.ts";
import { pruneChunks } from "./prune-chunks.ts";
import { PruneMark } from "./prune-mark.ts";
import type { VersionPlace } from "./push-version.ts";
import { type Version, Versions } from "./versions.ts";

export interface PruneVersionsOptions extends AbortOptions {
  /** Versions of each name that stay, the last ones; all unless given. */
  readonly keptCount?: number;
  /** What was written later stays, whatever it is. */
  readonly youngestMs: number;
  readonly isDry?: boolean;
}

/** What was pruned, or in a dry run would be. */
export interface PruneVersionsSummary {
  readonly versions: readonly Version[];
  readonly removedChunks: number;
  readonly keptChunks: number;
}

/**
 * Removes old versions, and the chunks that no other version has. Others may push meanwhile; who
 * else would prune waits.
 */
export async function pruneVersions(
  { bucket, prefix }: VersionPlace,
  chunks: KeptChunks,
  { keptCount = Infinity, youngestMs, isDry = false, signal }: PruneVersionsOptions,
): Promise<PruneVersionsSummary> {
  const options = signal && { signal };
  const versions = new Versions(bucket, prefix);

  async function prune(check?: () => void): Promise<PruneVersionsSummary> {
    const all = await versions.list(undefined, options);
    const old = all.filter((one) => isOld(one, all, keptCount, youngestMs));
    if (!isDry && old.length > 0) await versions.remove(old, options);
    const named = await versions.named(
      all.filter((one) => !old.includes(one)),
      options,
    );
    const { removed, kept } = await pruneChunks(chunks, named, {
      youngestMs,
      isDry,
      ...(check && { check }),
      ...options,
    });
    return { versions: old, removedChunks: removed, keptChunks: kept };
  }

  return isDry ? prune() : new PruneMark(bucket, prefix).hold(prune, options);
}

/** True for a version behind which enough newer ones are, and for what a killed writer left. */
function isOld(one: Version, all: readonly Version[], keptCount: number, youngestMs: number): boolean {
  if (one.isPending) return one.writtenMs <= youngestMs;
  const newer = all.filter(
    ({ name, version, isPending }) => name === one.name && version > one.version && !isPending,
  );
  return newer.length >= keptCount;
}
