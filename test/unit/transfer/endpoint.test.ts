import { describe, expect, it } from "vitest";
import { parseEndpoint } from "../../../src/transfer/endpoint.node.ts";

describe("what a command is told to talk to", () => {
  it.each([
    ["host:dst", "host", "dst"],
    ["me@host:a:b", "me@host", "a:b"],
    ["host:", "host", "."],
    ["host:/:x", "host", "/:x"],
    ["host: x", "host", " x"],
    ["host:a::b", "host", "a::b"],
    ["C:\\x", "C", "\\x"],
    ["[2001:db8::1]:dst", "2001:db8::1", "dst"],
    ["[::1]:", "::1", "."],
    ["me@[fe80::1%eth0]:a/[b]:c", "me@fe80::1%eth0", "a/[b]:c"],
    ["[host]:x", "host", "x"],
    ["host]:x", "host]", "x"],
    ["a@b@host:x", "a@b@host", "x"],
    ["2001:db8::1:x", "2001", "db8::1:x"],
  ])("%s is %s over ssh", (text, host, path) => {
    expect(parseEndpoint(text)).toEqual({ kind: "ssh", host, path });
  });

  it.each([
    "dst",
    "./a:b",
    "a/b:c",
    "a/b::c",
    "/::x",
    "~/x:y",
    "[::1]",
    "[::1",
    "[a/b]:c",
    "[]:x",
    "[::1]x:y",
    "a[b]:c",
  ])("%s is here", (path) => expect(parseEndpoint(path)).toEqual({ kind: "local", path }));

  it.each(["host::module", "me@host::", "[::1]::module", "fe80::1:x", "rsync://host/module", "RSYNC://host"])(
    "%s is for an rsync daemon",
    (text) => expect(() => parseEndpoint(text)).toThrow(/is for an rsync daemon.*HOST:PATH goes over ssh/),
  );

  it.each([":x", "@host:x", "me@:x", "-oProxyCommand=x:y", "me@-oProxyCommand=x:y", "-l@host:x", "a b:c"])(
    "%s has no host",
    (text) => expect(() => parseEndpoint(text)).toThrow(/not a host.*written \.\//),
  );

  it.each(["ssh://host/x", "file:///x", "sftp://host/x", "http://", "ws://[::1/x"])(
    "%s is no URL for us",
    (text) => {
      expect(() => parseEndpoint(text)).toThrow(/not a URL that is known/);
    },
  );

  it("a URL keeps its kind", () => {
    expect(parseEndpoint("HTTP://[::1]:8730/a b")).toEqual({ kind: "http", url: "http://[::1]:8730/a%20b" });
    expect(parseEndpoint("wss://host/a")).toEqual({ kind: "websocket", url: "wss://host/a" });
  });
});
