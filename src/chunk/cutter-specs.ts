import { maxCafsChunkBytes } from "../bytes/varint.ts";
import { SyncError } from "../errors.ts";
import type { CutterSpec } from "./cutter.ts";

/**
 * No rule may make longer chunks: a cutter sets aside this much memory for a spec that came from a
 * peer.
 */
export const maxChunkBytes = 16 * 1024 * 1024;

/** The shortest minimum of a rule that rolls a hash, so that its window lies within one chunk. */
const minRollingBytes = 64;

/** Of casync's rule, whose window has to fit into the longest chunk. */
const minCasyncMaxBytes = 48;

/** The rule of CAFS. It has no parameters. */
export const cafsSpec: CutterSpec = Object.freeze({
  name: "cafs",
  minBytes: 128,
  averageBytes: 8192,
  maxBytes: maxCafsChunkBytes,
});

/**
 * Our own rule, FastCDC.
 *
 * @param averageBytes a power of two, 256 to 2 MiB
 * @throws UNSUPPORTED for any other average
 */
export function fastcdcSpec(averageBytes = 8192): CutterSpec {
  return checkCutterSpec({
    name: "fastcdc",
    minBytes: averageBytes / 4,
    averageBytes,
    maxBytes: averageBytes * 8,
  });
}

/**
 * Chunks of one size.
 *
 * @param sizeBytes 1 to maxChunkBytes
 * @throws UNSUPPORTED for any other size
 */
export function fixedSpec(sizeBytes: number): CutterSpec {
  return checkCutterSpec({
    name: "fixed",
    minBytes: sizeBytes,
    averageBytes: sizeBytes,
    maxBytes: sizeBytes,
  });
}

/** The sizes that bound the chunks of casync's rule, in bytes. */
export type CasyncSizes = Pick<CutterSpec, "minBytes" | "averageBytes" | "maxBytes">;

/** The sizes that casync and desync use unless told otherwise. */
export const casyncSizes: CasyncSizes = Object.freeze({
  minBytes: 16_384,
  averageBytes: 65_536,
  maxBytes: 262_144,
});

/**
 * The rule of casync and desync. Sizes that are all the same make chunks of that size.
 *
 * @throws UNSUPPORTED for sizes out of order, above maxChunkBytes, or a greatest size below 48
 */
export function casyncSpec(sizes: CasyncSizes = casyncSizes): CutterSpec {
  const { minBytes, averageBytes, maxBytes } = sizes;
  return checkCutterSpec({ name: "casync", minBytes, averageBytes, maxBytes });
}

/**
 * Passes a spec on if this version can cut by it; whatever comes from a peer goes through here.
 *
 * @throws UNSUPPORTED
 */
export function checkCutterSpec(spec: CutterSpec): CutterSpec {
  const flaw = flawOf(spec);
  if (flaw !== undefined) throw new SyncError("UNSUPPORTED", `cannot cut: ${flaw}`);
  return spec;
}

function flawOf(spec: CutterSpec): string | undefined {
  const { name, minBytes, averageBytes, maxBytes } = spec;
  const sizes = [minBytes, averageBytes, maxBytes];
  if (!sizes.every((size) => Number.isSafeInteger(size) && size > 0))
    return "a size is not a positive integer";
  if (minBytes > averageBytes || averageBytes > maxBytes) return "the sizes are out of order";
  if (maxBytes > maxChunkBytes) return "chunks are too long";
  const flawOfRule = Object.hasOwn(flaws, name) ? flaws[name] : undefined;
  return flawOfRule === undefined ? "unknown rule" : flawOfRule(spec);
}

/** What each rule asks of its sizes, beside what all do. */
const flaws: Readonly<Record<string, (spec: CutterSpec) => string | undefined>> = {
  cafs: ({ minBytes, averageBytes, maxBytes }) =>
    minBytes === cafsSpec.minBytes && averageBytes === cafsSpec.averageBytes && maxBytes === cafsSpec.maxBytes
      ? undefined
      : "not the sizes of CAFS",
  fastcdc({ minBytes, averageBytes }) {
    if (minBytes < minRollingBytes) return "the least size is too small";
    return Number.isInteger(Math.log2(averageBytes)) ? undefined : "the average size is no power of two";
  },
  fixed: ({ minBytes, maxBytes }) => (minBytes === maxBytes ? undefined : "more than one size"),
  casync: ({ minBytes, maxBytes }) =>
    minBytes === maxBytes || maxBytes >= minCasyncMaxBytes ? undefined : "the greatest size is below 48",
};
