import { expect, test } from "vitest";
import { mapOwner, parseOwnerMap } from "../../../../src/tree/plan/owner-map.ts";

test("the first rule counts that fits and leads to somebody", () => {
  const map = parseOwnerMap("somebody:gone,s*:7,1-3:here,:9");
  const idOf = (name: string): number | undefined => (name === "here" ? 5 : undefined);
  const owners = [{ id: 1, name: "somebody" }, { id: 2 }, { id: 4 }, { id: 4, name: "other" }];
  expect(owners.map((owner) => mapOwner(map, owner, idOf))).toEqual([7, 5, 9, undefined]);
});
