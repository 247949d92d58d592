import { createCipheriv, createHash } from "node:crypto";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

/** Bytes that do not compress, the same for the same seed. */
export function noise(sizeBytes: number, seed: string): Buffer {
  const key = createHash("sha256").update(seed).digest();
  return createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(sizeBytes));
}

/**
 * Makes a tree; a value is a file's content, or `-> target` for a link. All roots have one time.
 */
export function plant(root: string, files: Readonly<Record<string, string | Buffer>>): void {
  mkdirSync(root, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    if (typeof content === "string" && content.startsWith("-> ")) symlinkSync(content.slice(3), path);
    else writeFileSync(path, content);
  }
  utimesSync(root, 1000, 1000);
}

/** Every path below with its kind, mode, time and content, in order. */
export function picture(root: string): string[] {
  const names = readdirSync(root, { recursive: true, encoding: "utf8" }).sort();
  return names.map((name) => {
    const path = join(root, name);
    const stats = lstatSync(path);
    if (stats.isSymbolicLink()) return `${name} -> ${readlinkSync(path)}`;
    const content = stats.isFile() ? createHash("sha256").update(readFileSync(path)).digest("hex") : "";
    // Microseconds are what every system can set.
    return `${name} ${stats.mode.toString(8)} ${Math.round(stats.mtimeMs * 1000)} ${content}`;
  });
}

/** Bytes of files that are not complete. */
export function partsIn(copy: string): number {
  const staging = join(copy, ".rsync-stream");
  if (!existsSync(staging)) return 0;
  const sizeOf = (name: string): number =>
    statSync(join(staging, name), { throwIfNoEntry: false })?.size ?? 0; // it may be gone by now
  return readdirSync(staging).reduce((sum, name) => sum + sizeOf(name), 0);
}

/** Bytes that lie in a folder, at any depth; 0 when it is not there. */
export function sizeOf(folder: string): number {
  try {
    const names = readdirSync(folder, { recursive: true }) as string[];
    return names.reduce(
      (sum, name) => sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.blocks ?? 0) * 512,
      0,
    );
  } catch {
    return 0;
  }
}
