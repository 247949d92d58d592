import type { ByteString } from "../../bytes/byte-string.ts";
import { readGlobSet } from "./glob-set.ts";

const slash = 0x2f;

/**
 * One step of a pattern: a byte of a set, or any number of bytes. Two runs never follow each other.
 */
type Step =
  | { readonly type: "byte"; readonly takes: (byte: number) => boolean }
  | { readonly type: "run"; readonly crossesSlash: boolean };

/**
 * A wildcard pattern, ready to be matched against many texts.
 *
 * It is run as a set of states, one bit for each step, all moved at once. So a match takes at most
 * one operation for each byte of the text and 32 bytes of the pattern, whatever the wildcards are.
 */
export class Glob {
  readonly #steps: readonly Step[];
  /** The states: bit i is set while the text so far matches all steps before i. */
  readonly #states: Uint32Array;
  /** The steps that are runs, and those that go on at a slash. */
  readonly #runs: Uint32Array;
  readonly #crossings: Uint32Array;
  /** By byte: the steps that take it. Made when the byte first occurs. */
  readonly #takers: (Uint32Array | undefined)[] = [];

  /**
   * @param pattern `*`, `**`, `?` and `[...]` are wildcards; a backslash takes the meaning from the
   *   byte behind it
   */
  constructor(pattern: ByteString) {
    this.#steps = readSteps(pattern);
    this.#states = new Uint32Array((this.#steps.length >> 5) + 1);
    this.#runs = this.#mark((step) => step.type === "run");
    this.#crossings = this.#mark((step) => step.type === "run" && step.crossesSlash);
  }

  /**
   * Returns true when the pattern matches all of the text, or, if asked to, all that is behind one
   * of its slashes.
   *
   * @param behindSlashes true to try there, too
   */
  matches(text: ByteString, behindSlashes: boolean): boolean {
    const last = this.#steps.at(-1);
    if (last?.type === "byte" && !last.takes(text.charCodeAt(text.length - 1))) return false; // most texts end differently
    this.#states.fill(0);
    this.#start();
    for (let at = 0; at < text.length; at++) {
      const byte = text.charCodeAt(at);
      const isAlive = this.#move(byte);
      if (behindSlashes && byte === slash) this.#start();
      else if (!isAlive && !behindSlashes) return false;
    }
    const end = this.#steps.length;
    return ((this.#states[end >> 5]! >>> (end & 31)) & 1) === 1;
  }

  #start(): void {
    this.#states[0]! |= this.#runs[0]! & 1 ? 3 : 1;
  }

  /**
   * Takes a byte: each state goes to the next step, or stays in its run, or ends. False when all
   * do.
   */
  #move(byte: number): boolean {
    const takers = (this.#takers[byte] ??= this.#mark((step) => step.type === "byte" && step.takes(byte)));
    const staying = byte === slash ? this.#crossings : this.#runs;
    let takenCarry = 0;
    let skippedCarry = 0;
    let any = 0;
    for (let i = 0; i < this.#states.length; i++) {
      const taken = this.#states[i]! & takers[i]!;
      const moved = (taken << 1) | takenCarry | (this.#states[i]! & staying[i]!);
      const skipped = moved & this.#runs[i]!; // a run may be empty
      this.#states[i] = moved | (skipped << 1) | skippedCarry;
      any |= this.#states[i]!;
      takenCarry = taken >>> 31;
      skippedCarry = skipped >>> 31;
    }
    return any !== 0;
  }

  /** The steps that are chosen, as bits. */
  #mark(isChosen: (step: Step) => boolean): Uint32Array {
    const marks = new Uint32Array(this.#states.length);
    for (const [i, step] of this.#steps.entries()) if (isChosen(step)) marks[i >> 5]! |= 1 << (i & 31);
    return marks;
  }
}

function readSteps(pattern: ByteString): Step[] {
  const steps: Step[] = [];
  for (let at = 0; at < pattern.length;) {
    const { step, end } = readStep(pattern, at);
    steps.push(step);
    at = end;
  }
  return steps;
}

function readStep(pattern: ByteString, at: number): { readonly step: Step; readonly end: number } {
  const character = pattern[at];
  if (character === "*") {
    let end = at + 1;
    while (pattern[end] === "*") end += 1;
    return { step: { type: "run", crossesSlash: end - at > 1 }, end };
  }
  if (character === "?") return { step: byteStep((other) => other !== slash), end: at + 1 };
  if (character === "[") {
    const { takes, end } = readGlobSet(pattern, at + 1);
    return { step: byteStep((other) => other !== slash && takes(other)), end };
  }
  const plainAt = character === "\\" ? at + 1 : at;
  const plain = pattern.charCodeAt(plainAt); // NaN, which is no byte, where a backslash ends it
  return { step: byteStep((other) => other === plain), end: plainAt + 1 };
}

function byteStep(takes: (byte: number) => boolean): Step {
  return { type: "byte", takes };
}
