import type { ChunkDigest } from "../chunk/digest.ts";
import { type ChunkCoding, plainCoding } from "./chunk-coding.ts";
import { nodeCoding } from "./compressor.node.ts";
import { namedDigests } from "./named-digests.ts";

/** How the chunks of a store are kept and named. */
export interface CastrForm {
  readonly coding: ChunkCoding;
  readonly digest: ChunkDigest;
}

/** A form in words, which can be told to a thread. */
export interface FormName {
  readonly coding: keyof typeof codings;
  readonly digest: keyof typeof namedDigests;
}

const codings = { compressed: nodeCoding, plain: plainCoding } as const;

/** Undefined for a form that has no name, such as one with a key. */
export function nameOfForm({ coding, digest }: CastrForm): FormName | undefined {
  const [codingName, digestName] = [nameIn(codings, coding), nameIn(namedDigests, digest)];
  return codingName && digestName && { coding: codingName, digest: digestName };
}

/** The form with this name. */
export function formNamed({ coding, digest }: FormName): CastrForm {
  return { coding: codings[coding], digest: namedDigests[digest] };
}

function nameIn<Name extends string, Value>(
  table: Readonly<Record<Name, Value>>,
  value: Value,
): Name | undefined {
  return (Object.keys(table) as Name[]).find((name) => table[name] === value);
}
