import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import type { Finding } from "./finding.ts";

/** Packages that are used where they can be loaded, and what is so without them. */
const nativeParts = {
  koffi: "no owners by name, ACLs, extended attributes, devices, reflinks; times to the microsecond",
  "@napi-rs/blake-hash": "BLAKE3 is computed by portable code, which is slower",
  "@cloudpss/zstd/napi":
    "before Node.js 22.15, chunks for casync and desync are stored as they are, and read by portable code",
  bufferutil: "what WebSocket sends is masked by portable code",
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
