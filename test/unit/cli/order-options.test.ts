import { expect, test } from "vitest";
import { commands } from "../../../src/cli/commands.ts";
import { checkOrder } from "../../../src/http/session-host.ts";
import type { Share } from "../../../src/http/share.ts";
import { orderFields } from "../../../src/tree/order/order-fields.ts";

const { options } = await commands["push"]!.load();

test("fields of an order name options that there are", () => {
  const named = Object.values(orderFields).flatMap(({ option }) => option ?? []);
  expect(named.filter((name) => !Object.hasOwn(options, name))).toEqual([]);
  expect(named.length).toBeGreaterThan(25);
});

test("a server names the option of what it does not do", () => {
  const share = {} as Share;
  expect(() => checkOrder(share, { snapshot: true })).toThrow("--snapshot is not carried out here");
  expect(() => checkOrder(share, { durability: "all" })).toThrow("--fsync is not carried out here");
  expect(() => checkOrder(share, { part: "1/2" })).toThrow('"part" of an order is not carried out here');
});
