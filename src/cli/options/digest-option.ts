import { SyncError } from "../../errors.ts";
import type { OptionSpecs, OptionValues } from "../command.ts";

/** A digest that chunks may be named by. */
type DigestName = "sha-256" | "blake3";

/** The option of senders by which that is chosen. */
export const digestOption = {
  digest: {
    type: "string",
    value: "NAME",
    choices: ["sha-256", "blake3"],
    about: "name chunks by sha-256 or blake3",
  },
} as const satisfies OptionSpecs;

/** The name that is given. @throws USAGE for one that is not known */
export function readDigestName({ digest }: OptionValues<typeof digestOption>): DigestName | undefined {
  if (digest === undefined || digest === "sha-256" || digest === "blake3") return digest;
  throw new SyncError("USAGE", `--digest takes sha-256 or blake3, not "${digest}"`);
}
