import { isSyncError } from "../../src/errors.ts";
import { sha256 } from "../../src/chunk/digest.ts";
import { toHex } from "../../src/bytes/hex.ts";
import type { Bytes } from "../../src/types.ts";
import { type InputSpec, inputBytes } from "../vectors/input.ts";

/** One case of a vector file, as JSON gave it. */
export type Case = Record<string, any>;

/** Runs one case; throws when it fails. */
export type CaseRunner = (vector: Case) => Promise<void> | void;

/** A case did not come out as its file says. */
export class Mismatch extends Error {}

/** Fails unless both are the same as JSON. */
export function same(what: string, expected: unknown, got: unknown): void {
  const [wanted, found] = [JSON.stringify(expected), JSON.stringify(got)];
  if (wanted !== found) throw new Mismatch(`${what}: expected ${brief(wanted)}, got ${brief(found)}`);
}

/** Like `same`, but a file may leave this member out. */
export function sameIfGiven(vector: Case, member: string, got: unknown): void {
  if (vector[member] !== undefined) same(member, vector[member], got);
}

/**
 * Compares bytes with the members PREFIXHex, PREFIXLength and PREFIXSha256, as far as they are
 * there.
 */
export function sameBytes(vector: Case, prefix: string, got: Bytes): void {
  sameIfGiven(vector, `${prefix}Length`, got.length);
  sameIfGiven(vector, `${prefix}Hex`, toHex(got));
  sameIfGiven(vector, `${prefix}Sha256`, hashHex(got));
}

export function hashHex(bytes: Bytes): string {
  return toHex(sha256(bytes));
}

export function textBytes(text: string): Bytes {
  return new TextEncoder().encode(text);
}

const inputKinds = new Set(["const", "linear", "xs32", "hex", "repeat", "concat", "slice"]);

/** The bytes of an input description; unlike the plain reader it refuses what it does not know. */
export function input(spec: InputSpec): Bytes {
  checkInput(spec);
  return inputBytes(spec);
}

function checkInput(spec: InputSpec): void {
  if (!inputKinds.has(spec?.kind))
    throw new Mismatch(`unknown input kind ${JSON.stringify(spec)?.slice(0, 80)}`);
  if (spec.kind === "repeat" || spec.kind === "slice") checkInput(spec.of);
  if (spec.kind === "concat") spec.parts.forEach(checkInput);
}

/** The code of the SyncError that a piece of work throws, or undefined when it ends well. */
export async function codeOf(work: () => unknown): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (thrown) {
    if (isSyncError(thrown)) return thrown.code;
    throw thrown;
  }
}

export function brief(text: string | undefined): string {
  if (text === undefined) return "nothing";
  return text.length <= 160 ? text : `${text.slice(0, 120)}... (${text.length} characters)`;
}

/** A stream of the given blocks. */
export async function* streamOf(...blocks: Bytes[]): AsyncGenerator<Bytes, void, undefined> {
  yield* blocks;
}

/** All blocks of a stream; those before an error are in `into`. */
export async function collect(source: AsyncIterable<Bytes>, into: Bytes[] = []): Promise<Bytes[]> {
  for await (const block of source) into.push(block.slice());
  return into;
}
