/**
 * The names that have numbers in a greeting, each in its place (docs/protocol.md §6.1). New ones
 * come last, and no number is used again.
 */
export const helloNames = {
  role: ["sender", "receiver", "peer", "chunk sender", "chunk receiver"],
  mode: ["duplex", "one-way", "list"],
  layout: ["named", "contents"],
  digest: ["sha-256", "blake3", "sha-512/256"],
  cutter: ["fastcdc", "cafs", "fixed", "casync"],
  compression: ["deflate", "br"],
  feature: ["compress", "changes", "have", "pieces", "subtrees", "empty", "keyed"],
} as const;

/** What a name is written as: its number where it has one, otherwise the name itself. */
export function numbered(names: readonly string[], name: string): number | string {
  const number = names.indexOf(name);
  return number < 0 ? name : number;
}
