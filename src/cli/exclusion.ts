import { SyncError } from "../errors.ts";
import type { TreeSourceOptions } from "../tree/source.node.ts";
import type { OptionSpecs, OptionValues } from "./command.ts";

/** The option of the commands that can leave something out. */
export const excludeOption = {
  exclude: {
    type: "string",
    multiple: true,
    value: "PATTERN",
    about: "leave out what matches, as with rsync; may be given several times",
  },
} as const satisfies OptionSpecs;

type Exclude = NonNullable<TreeSourceOptions["exclude"]>;

/** What a source leaves out. @throws USAGE */
export async function exclusionOf({
  exclude = [],
}: OptionValues<typeof excludeOption>): Promise<TreeSourceOptions> {
  if (exclude.length === 0) return {};
  const { default: picomatch } = await import("picomatch"); // 5 ms, which most runs need not spend
  const rules = exclude.map((pattern) => ruleOf(pattern, picomatch));
  return {
    exclude: (path, kind) => {
      const text = Buffer.from(path).toString();
      return rules.some((rule) => rule(text, kind));
    },
  };
}

/** Only `*`, `**`, `?` and `[...]` mean something. */
const plain = { dot: true, nobrace: true, noextglob: true, nonegate: true } as const;

/**
 * A pattern matches the end of a path, whole names of it; one that begins with a slash the path from the top on; one that ends with a
 * slash directories only.
 */
function ruleOf(
  pattern: string,
  picomatch: typeof import("picomatch"),
): (path: string, kind: Parameters<Exclude>[1]) => boolean {
  const [, top, glob, end] = /^(\/?)(.*?)(\/?)$/s.exec(pattern)!;
  if (glob === "") throw new SyncError("USAGE", `--exclude takes a pattern, not "${pattern}"`);
  const below = glob!.replace(/\/\*\*$/, "/**/*"); // what ends with `/**` is about what is below, not about the directory
  const matches = picomatch(top === "" ? `**/${below}` : below, plain);
  return (path, kind) => (end === "" || kind === "dir") && matches(path);
}
