import { finePieceRule, type GearPieceRule } from "../../../chunk/piece-rules.ts";
import { SyncError } from "../../../errors.ts";
import { pieceRuleOf } from "../../../tree/plan/old-version.ts";

/** The lengths of both versions of a file. */
export interface VersionSizes {
  readonly newBytes: number;
  readonly oldBytes: number;
}

/**
 * How a group of the pieces of a file is cut.
 *
 * @throws BAD_MESSAGE for a fine one of a file that is not large
 */
export function ruleOf({ newBytes, oldBytes }: VersionSizes, isFine: boolean): GearPieceRule {
  const rule = pieceRuleOf(newBytes, oldBytes)!;
  const used = isFine ? finePieceRule(rule) : rule;
  if (used === undefined) throw new SyncError("BAD_MESSAGE", "fine pieces of a file that is not large");
  return used;
}
