import {
  casyncFeatures as f,
  casyncTreeFeatures,
  desyncTreeFeatures,
  entryFlagMask,
  normalFeatures,
} from "../../casync/features.ts";
import { SyncError } from "../../errors.ts";
import type { OptionSpecs, OptionValues } from "../command.ts";

/** Options of what an archive keeps of a tree. */
export const featureOptions = {
  with: {
    type: "string",
    value: "FEATURE",
    multiple: true,
    about: "keep this, and what more of these say; unless given all that casync keeps",
  },
  without: { type: "string", value: "FEATURE", multiple: true, about: "leave this out" },
} as const satisfies OptionSpecs;

const fatFlags = f.flagHidden | f.flagSystem | f.flagArchive;
const specials = f.symlinks | f.deviceNodes | f.fifos | f.sockets;

/** Several features by one name. */
const sets: Readonly<Record<string, bigint>> = {
  all: casyncTreeFeatures | f.permissions,
  best: casyncTreeFeatures,
  desync: desyncTreeFeatures,
  unix: f.uids16 | f.permissions | f.secTime | specials,
  fat: f.twoSecTime | f.readOnly | fatFlags,
  chattr: entryFlagMask & ~(fatFlags | f.subvolume | f.subvolumeReadOnly),
  "fat-attrs": fatFlags,
};

/** Names of casync that are not ours in lower case with dashes. */
const foreignNames: Readonly<Record<string, keyof typeof f>> = {
  "16bit-uids": "uids16",
  "32bit-uids": "uids32",
  "2sec-time": "twoSecTime",
  "subvolume-ro": "subvolumeReadOnly",
};

/** What can be chosen; the rest of the word is the same in all archives. */
const choosable = Object.values(f).reduce((all, bit) => all | bit, 0n) & ((1n << 33n) - 1n);
const always = f.excludeNodump | f.sha512_256 | f.excludeFile;

/** The features that the options choose. @throws USAGE */
export function featuresOf(given: OptionValues<typeof featureOptions>): bigint {
  const withs = given.with?.map(featureNamed);
  const chosen = withs?.reduce((all, bits) => all | bits, 0n) ?? casyncTreeFeatures;
  const without = (given.without ?? []).map(featureNamed).reduce((all, bits) => all | bits, 0n);
  return normalFeatures((chosen & ~without & choosable) | always);
}

function featureNamed(name: string): bigint {
  if (Object.hasOwn(sets, name)) return sets[name]!;
  const own = foreignNames[name] ?? name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const bit = Object.hasOwn(f, own) ? f[own as keyof typeof f] & choosable : 0n;
  if (bit !== 0n) return bit;
  throw new SyncError("USAGE", `archives have no feature "${name}"`);
}
