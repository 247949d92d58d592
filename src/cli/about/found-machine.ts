import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import type { Finding } from "./finding.ts";

/** Packages that are used where they can be loaded, and what is so without them. */
const nativeParts = {
  koffi:
    "no owners by name, ACLs, extended attributes, devices, reflinks; names that are not UTF-8 take longer",
  "@napi-rs/blake-hash": "BLAKE3 takes several times as long",
  "@cloudpss/zstd/napi": "chunks for casync and desync cannot be compressed on this version of Node.js",
  bufferutil: "WebSocket takes a little longer",
};

/** What this machine has: the runtime, native parts, a remote shell. */
export function findMachine(): readonly Finding[] {
  return [
    { name: "runtime", state: "ok", detail: `${runtime()}, ${process.platform} ${process.arch}` },
    ...Object.entries(nativeParts).map(([name, lack]) => findPart(name, lack)),
    findShell(),
  ];
}

function runtime(): string {
  const { bun, deno, node } = process.versions;
  if (bun !== undefined) return `Bun ${bun}`;
  return deno === undefined ? `Node.js ${node}` : `Deno ${deno}`;
}

function findPart(name: string, lack: string): Finding {
  const load = createRequire(import.meta.url);
  try {
    load(name);
    return { name, state: "ok", detail: "can be loaded" };
  } catch {
    return { name, state: "missing", detail: lack };
  }
}

function findShell(): Finding {
  const { error, stderr } = spawnSync("ssh", ["-V"], { encoding: "utf8" });
  if (error) return { name: "ssh", state: "missing", detail: "push and pull to HOST:PATH need it, or --rsh" };
  return { name: "ssh", state: "ok", detail: stderr.split("\n")[0]!.trim() };
}
