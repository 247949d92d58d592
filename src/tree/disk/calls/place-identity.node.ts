import fs from "node:fs";
import { hostname } from "node:os";
import type { FileStats } from "./file-stats.node.ts";

/** Numbers of files and devices hold until a system starts anew. */
const startFile = "/proc/sys/kernel/random/boot_id";

let systemName: string | undefined;

function findSystemName(): string {
  try {
    return fs.readFileSync(startFile, "utf8").trim();
  } catch {
    return hostname();
  }
}

/** Tells a file or directory apart from all others, in words for a process on the same system. */
export function describeIdentity({ device, inode }: Pick<FileStats, "device" | "inode">): string {
  systemName ??= findSystemName();
  return `${systemName}:${device}:${inode}`;
}
