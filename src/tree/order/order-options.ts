import type { Keep } from "../plan/keep.ts";
import type { PlanRule } from "../plan/plan-rule.ts";
import { orderFields } from "./order-fields.ts";
import type { Order } from "./order.ts";

/** The options that ask for the parts of a record, where need be by their values. */
type MemberOptions<Members> = {
  readonly [Name in keyof Members]-?: string | Readonly<Record<string, string>>;
};

const ruleOptions: MemberOptions<PlanRule> = {
  equality: { size: "size-only", content: "checksum", time: "quick" },
  windowSec: "modify-window",
  keepsNewer: "update",
  onlySafeLinks: "safe-links",
  onlyExisting: "existing",
  onlyNew: "ignore-existing",
  onlyLonger: "append",
  minBytes: "min-size",
  maxBytes: "max-size",
};

const keepOptions: MemberOptions<Keep> = {
  perms: "no-perms",
  specialBits: "perms",
  executability: "executability",
  chmod: "chmod",
  times: "no-times",
  omitDirTimes: "omit-dir-times",
  omitLinkTimes: "omit-link-times",
  atimes: "atimes",
  owner: "owner",
  group: "group",
  numericIds: "numeric-ids",
  userMap: "usermap",
  groupMap: "groupmap",
  devices: "devices",
  specials: "specials",
  fakeSuper: "fake-super",
  hardLinks: "hard-links",
  xattrs: "xattrs",
  acls: "acls",
  munging: "munge-links",
};

/** The same of all records that an order has. */
export const recordOptions = { rule: ruleOptions, keep: keepOptions } as const;

/** Options that ask for a field among other things. */
export const otherOptions: { readonly [Name in keyof Order]?: string } = {
  refusesEmpty: "delete",
  chunking: "digest",
  part: "part",
  fileRange: "part",
};

/** What `--archive` asks for. */
const archived = ["perms", "owner", "group", "devices", "specials"] as const;

/**
 * The options of commands that ask for a field of an order, as they are typed; none where it is no
 * option that does.
 */
export function optionsOfField(order: Order, name: keyof Order): readonly string[] {
  if (name === "filter") return [...new Set((order.filter ?? []).map(optionOfRule))];
  const option = orderFields[name].option ?? otherOptions[name];
  if (option !== undefined) return [`--${option}`];
  const named = name === "rule" ? optionsIn(order.rule ?? {}, ruleOptions) : keptOptions(order, name);
  return named.map((each) => `--${each}`);
}

/** A pattern that leaves something out or in is seldom given as a rule. */
function optionOfRule(rule: string): string {
  if (rule.startsWith("- ")) return "--exclude";
  return rule.startsWith("+ ") ? "--include" : "--filter";
}

function keptOptions({ keep = {} }: Order, name: keyof Order): readonly string[] {
  const named = name === "keep" ? optionsIn(keep, keepOptions) : [];
  if (!archived.every((each) => named.includes(each))) return named;
  return ["archive", ...named.filter((each) => !archived.some((one) => one === each))];
}

function optionsIn<Members extends object>(
  members: Members,
  options: MemberOptions<Members>,
): readonly string[] {
  return Object.entries(members).map(([member, value]) => {
    const option = options[member as keyof Members];
    return typeof option === "string" ? option : (option[String(value)] ?? member);
  });
}
