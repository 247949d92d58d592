import type { CasyncSizes } from "../../chunk/cutter-specs.ts";
import { casyncSizes, casyncSpec } from "../../chunk/cutter-specs.ts";
import type { ChunkDigest } from "../../chunk/digest.ts";
import { sha256Digest } from "../../chunk/digest.ts";
import { sha512_256Digest } from "../../chunk/sha512-256.ts";
import { isSyncError, SyncError } from "../../errors.ts";
import { parseSize } from "../../bytes/size.ts";
import type { OptionSpecs, OptionValues } from "../command.ts";

/** Options of the commands that cut as casync does. */
export const sizeOptions = {
  "chunk-size": {
    type: "string",
    value: "SIZES",
    about: "the average, or MIN:AVERAGE:MAX; 16K:64K:256K unless given",
  },
  digest: {
    type: "string",
    value: "NAME",
    choices: ["sha512-256", "sha256"],
    about: "sha512-256 (default) or sha256",
  },
} as const satisfies OptionSpecs;

const digests: Readonly<Record<string, ChunkDigest>> = {
  "sha512-256": sha512_256Digest,
  sha256: sha256Digest,
};

/** The digest that is called so. @throws USAGE */
export function digestNamed(name = "sha512-256"): ChunkDigest {
  const digest = Object.hasOwn(digests, name) ? digests[name] : undefined;
  if (digest === undefined)
    throw new SyncError("USAGE", `--digest takes sha512-256 or sha256, not "${name}"`);
  return digest;
}

/** How to cut. @throws USAGE */
export function sizesOf({ "chunk-size": text }: OptionValues<typeof sizeOptions>): CasyncSizes {
  if (text === undefined) return casyncSizes;
  const sizes = text.split(":").map(parseSize);
  const wrong = (): SyncError =>
    new SyncError("USAGE", `--chunk-size takes one size, or three with ":" between, not "${text}"`);
  if (sizes.includes(undefined) || (sizes.length !== 1 && sizes.length !== 3)) throw wrong();
  const [first, averageBytes = first, maxBytes = 4 * first!] = sizes as number[];
  const minBytes = sizes.length === 1 ? Math.max(1, Math.floor(first! / 4)) : first!;
  return checkSizes({ minBytes, averageBytes: averageBytes!, maxBytes });
}

/** Passes on sizes that can be cut by. @throws USAGE */
export function checkSizes(sizes: CasyncSizes): CasyncSizes {
  try {
    casyncSpec(sizes);
    return sizes;
  } catch (cause) {
    if (!isSyncError(cause, "UNSUPPORTED")) throw cause;
    throw new SyncError("USAGE", `these chunk sizes cannot be: ${cause.message}`, { cause });
  }
}
