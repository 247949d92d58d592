import { expect, test } from "vitest";
import { parseEndpoint } from "../../../src/transfer/endpoint.node.ts";
import { livenessTo } from "../../../src/cli/session-options.ts";

test("a program that may ask for a password is waited for, a server that does not greet for a minute", () => {
  expect(livenessTo(parseEndpoint("host:place"), {})).toEqual({ helloMs: 0 });
  expect(livenessTo(parseEndpoint("http://host/place"), {})).toEqual({ helloMs: 60_000 });
  for (const place of ["host:place", "http://host/place"])
    expect(livenessTo(parseEndpoint(place), { timeout: "5" })).toEqual({ helloMs: 5000, stallMs: 5000 });
});
