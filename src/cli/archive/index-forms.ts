import { jsonForm } from "../../archive/json-index.node.ts";
import { sqliteForm } from "../../archive/sqlite-index.node.ts";
import { tarLikeForm } from "../../archive/tar-like/tar-table.node.ts";
import { checkDigestName } from "../../archive/tree-index.node.ts";
import { writeIndex, type IndexForm } from "../../archive/write-index.node.ts";
import type { IndexFacts, IndexWriter } from "../../archive/tree-index.node.ts";
import { SyncError } from "../../errors.ts";
import type { OptionSpecs, OptionValues } from "../command.ts";

const forms: Readonly<Record<string, IndexForm>> = {
  sqlite: sqliteForm,
  jsonl: jsonForm,
  "tar-like": tarLikeForm,
};

/** Options of the commands that write an index of a tree. */
export const writtenIndexOptions = {
  output: {
    type: "string",
    short: "o",
    value: "FILE",
    about: "where the index goes; an old one is replaced",
  },
  format: {
    type: "string",
    value: "NAME",
    about: "sqlite (default), jsonl (default where FILE ends in .jsonl), or tar-like",
  },
} as const satisfies OptionSpecs;

type Values = OptionValues<typeof writtenIndexOptions>;

/** Where an index goes, and in which form. @throws USAGE */
export function outputOf({ output, format }: Values): { readonly path: string; readonly format: string } {
  if (output === undefined) throw new SyncError("USAGE", "-o FILE is missing: where the index goes");
  const name = format ?? (output.endsWith(".jsonl") ? "jsonl" : "sqlite");
  if (Object.hasOwn(forms, name)) return { path: output, format: name };
  throw new SyncError("USAGE", `--format is one of ${Object.keys(forms).join(", ")}, not "${name}"`);
}

/** Opens the index that options ask for. @throws USAGE, NOT_FOUND, NO_SPACE, IO */
export function openOutput(options: Values, facts: IndexFacts): IndexWriter {
  const { path, format } = outputOf(options);
  return writeIndex(path, forms[format]!, facts);
}

/** The digest by which files are named: MD5 where tar-like is to read it. @throws USAGE */
export function digestOf(name: string | undefined, options: Values): string | undefined {
  const isTarLike = outputOf(options).format === "tar-like";
  if (isTarLike && name !== undefined && name !== "md5")
    throw new SyncError("USAGE", "tar-like knows no digest but md5");
  if (name === "none") return undefined;
  return checkDigestName(name ?? (isTarLike ? "md5" : "sha256"));
}
