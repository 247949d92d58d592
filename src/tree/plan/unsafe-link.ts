import type { ByteString } from "../../bytes/byte-string.ts";

/**
 * True for what a link holds that leads out of the tree, or may: as rsync says, an absolute path,
 * one with `..` behind another name, or with more of them at its start than names stand around.
 *
 * @param depth directories of the tree that the link lies in
 */
export function isUnsafeLink(target: ByteString, depth: number): boolean {
  if (target === "" || target.startsWith("/")) return true;
  const names = target.split("/").filter((name, i, all) => name !== "" || i === all.length - 1);
  const start = names.findIndex((name) => name !== "..");
  if (start >= 0 && names.indexOf("..", start) >= 0) return true;
  return (start < 0 ? names.length : start) > depth;
}
