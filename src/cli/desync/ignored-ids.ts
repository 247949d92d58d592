import type { IdSet } from "../../bytes/id-set.ts";
import { fromHex } from "../../bytes/hex.ts";
import { readNamedFile } from "../options/named-file.ts";
import { idsNamedBy } from "../casync/named-ids.ts";
import type { DesyncCall } from "./desync-command.ts";
import { indexOpening } from "./desync-stores.ts";

/** The chunks that `--ignore` and `--ignore-chunks` name. @throws NOT_FOUND, IO, BAD_MESSAGE */
export async function ignoredIds(call: DesyncCall): Promise<IdSet> {
  const { given, signal } = call;
  const ids = await idsNamedBy(given.values["ignore"] ?? [], { signal, opening: indexOpening(call) });
  for (const path of given.values["ignore-chunks"] ?? [])
    for (const line of readNamedFile(path).toString().split("\n"))
      if (line.trim() !== "") ids.add(fromHex(line.trim()));
  return ids;
}
