import { expect, test } from "vitest";
import { livenessTo } from "../../../src/transfer/liveness.node.ts";

const shell = { kind: "ssh", host: "host", path: "place" } as const;
const server = { kind: "http", url: "http://host/place" } as const;

test("a program that may ask for a password is waited for, a server that does not greet for a minute", () => {
  expect(livenessTo(shell, {})).toEqual({ helloMs: 0 });
  expect(livenessTo(server, {})).toEqual({ helloMs: 60_000 });
  for (const there of [shell, server])
    expect(livenessTo(there, { helloMs: 5000, stallMs: 5000 })).toEqual({ helloMs: 5000, stallMs: 5000 });
});
