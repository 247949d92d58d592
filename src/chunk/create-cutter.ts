import { SyncError } from "../errors.ts";
import { cafsFinder } from "./cafs-finder.ts";
import { casyncFinder } from "./casync-finder.ts";
import { checkCutterSpec } from "./cutter-specs.ts";
import type { Cutter, CutterSpec } from "./cutter.ts";
import { fastcdcFinder } from "./fastcdc-finder.ts";
import type { Finder } from "./finder.ts";
import { fixedFinder } from "./fixed-finder.ts";
import { kernelFinder } from "./kernel-finder.ts";

/** How `createCutter` computes its rolling hash. */
export interface CutterOptions {
  /**
   * `wasm`: WebAssembly; `js`: plain TypeScript, which finds the same ends at about half the speed;
   * `auto`, the default: WebAssembly where it is allowed.
   */
  readonly kernel?: "auto" | "wasm" | "js";
}

/**
 * Makes a cutter. It holds 1 MiB + maxBytes of memory and cuts any number of blobs, so make one and
 * keep it.
 *
 * @throws UNSUPPORTED for a spec that this version cannot cut by, and for `wasm` where that is
 *   refused
 */
export function createCutter(spec: CutterSpec, options: CutterOptions = {}): Cutter {
  const { buffer, ends, find } = createFinder(checkCutterSpec(spec), options.kernel ?? "auto");
  return {
    spec,
    buffer,
    cut(length, final) {
      let count = find(length);
      const last = count === 0 ? 0 : ends[count - 1]!;
      if (final && last < length) ends[count++] = length;
      return ends.subarray(0, count);
    },
  };
}

function createFinder(spec: CutterSpec, kernel: "auto" | "wasm" | "js"): Finder {
  if (spec.minBytes === spec.maxBytes && rulesOfOneSize.has(spec.name)) return fixedFinder(spec);
  if (kernel !== "js" && kernelRules.has(spec.name)) {
    try {
      return kernelFinder(spec);
    } catch (cause) {
      if (kernel === "wasm") throw new SyncError("UNSUPPORTED", "WebAssembly is refused here", { cause });
    }
  }
  return finders[spec.name]!(spec);
}

/** What finds the ends of each rule in plain TypeScript. */
const finders: Readonly<Record<string, (spec: CutterSpec) => Finder>> = {
  cafs: cafsFinder,
  fastcdc: fastcdcFinder,
  casync: casyncFinder,
};

/** The rules that WebAssembly knows, too. */
const kernelRules: ReadonlySet<string> = new Set(["cafs", "fastcdc", "casync"]);

/** The rules that look at no content where all sizes are the same. */
const rulesOfOneSize: ReadonlySet<string> = new Set(["fixed", "casync"]);
