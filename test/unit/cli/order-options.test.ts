import { expect, test } from "vitest";
import { commands } from "../../../src/cli/commands.ts";
import { checkOrder } from "../../../src/http/session-host.ts";
import type { Share } from "../../../src/http/share.ts";
import type { Order } from "../../../src/tree/order/order.ts";
import { otherOptions, recordOptions } from "../../../src/tree/order/order-options.ts";
import { orderFields } from "../../../src/tree/order/order-fields.ts";

const { options } = await commands["push"]!.load();

test("fields of an order name options that there are", () => {
  const own = Object.values(orderFields).flatMap(({ option }) => option ?? []);
  const named = [...own, ...Object.values(otherOptions)];
  expect(named.filter((name) => !Object.hasOwn(options, name))).toEqual([]);
  expect(named.length).toBeGreaterThan(25);
});

test("a server names the option of what it does not do", () => {
  const share = {} as Share;
  expect(() => checkOrder(share, { snapshot: true })).toThrow("--snapshot is not carried out here");
  expect(() => checkOrder(share, { durability: "all" })).toThrow("--fsync is not carried out here");
  expect(() => checkOrder(share, { part: "1/2" })).toThrow("--part is not carried out here");
});

test("what a record in an order asks for is told by the options that asked for it", () => {
  const told = (order: Order): string => {
    try {
      checkOrder({} as Share, order);
      return "";
    } catch (thrown) {
      return (thrown as Error).message.replace(/ (?:is|are) not carried out here$/, "");
    }
  };
  expect(told({ rule: { equality: "size", maxBytes: 5 } })).toBe("--size-only and --max-size");
  expect(told({ keep: { perms: false, times: false } })).toBe("--no-perms and --no-times");
  const archive = { specialBits: true, owner: true, group: true, devices: true, specials: true };
  expect(told({ keep: { ...archive, hardLinks: true } })).toBe("--archive and --hard-links");
  expect(told({ filter: ["- *.o", "- /b"] })).toBe("--exclude");
  expect(told({ filter: ["+ a", "- *", ". rules"] })).toBe("--include and --exclude and --filter");
  const { group: _, ...others } = archive;
  expect(told({ keep: others })).toBe("--perms and --owner and --devices and --specials");
});

test("parts of records in an order name options that there are", () => {
  const named = Object.values(recordOptions).flatMap((record) =>
    Object.values(record).flatMap((one) => (typeof one === "string" ? one : Object.values(one))),
  );
  expect(named.filter((name) => !Object.hasOwn(options, name))).toEqual([]);
  expect(named.length).toBeGreaterThan(25);
});
