import { readFileSync } from "node:fs";

/** The cases of a vector file, such as `cafs/varint.json`. */
export function loadCases<Case>(name: string): readonly Case[] {
  const file = JSON.parse(readFileSync(new URL(name, import.meta.url), "utf8")) as { cases: Case[] };
  return file.cases;
}
