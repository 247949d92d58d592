import { createCutter } from "../chunk/create-cutter.ts";
import type { Cutter, CutterSpec } from "../chunk/cutter.ts";

/** Cutters that are made once and used again, one user at a time; each holds more than 1 MiB. */
export class SpareCutters {
  readonly #spare: Cutter[] = [];

  /** A cutter for nobody else until it is given back. */
  take(spec: CutterSpec): Cutter {
    const at = this.#spare.findIndex((cutter) => isSame(cutter.spec, spec));
    return at < 0 ? createCutter(spec) : this.#spare.splice(at, 1)[0]!;
  }

  give(cutter: Cutter): void {
    this.#spare.push(cutter);
  }
}

function isSame(a: CutterSpec, b: CutterSpec): boolean {
  return (
    a.name === b.name &&
    a.minBytes === b.minBytes &&
    a.averageBytes === b.averageBytes &&
    a.maxBytes === b.maxBytes
  );
}
