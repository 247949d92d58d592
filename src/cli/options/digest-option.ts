import type { OptionSpecs } from "../command.ts";

/** The option of senders by which that is chosen. */
export const digestOption = {
  digest: {
    type: "string",
    value: "NAME",
    choices: ["sha-256", "blake3"],
    about: "name chunks by sha-256 or blake3",
  },
} as const satisfies OptionSpecs;
