import { createHash } from "node:crypto";
import { afterEach, describe, expect, test, vi } from "vitest";
import { toHex } from "../../../src/bytes/hex.ts";
import { xorshiftBytes } from "../../vectors/input.ts";

type GetBuiltinModule = typeof process.getBuiltinModule;

const crypto = process.getBuiltinModule("node:crypto");

/** Where the library may find itself: with Node's one-shot digest, without it, without Node. */
const places: Record<string, unknown> = {
  "with Node": crypto,
  "with an older Node": { createHash: crypto.createHash },
  "without Node": undefined,
};

afterEach(() => {
  vi.restoreAllMocks();
  vi.resetModules();
});

describe.each(Object.entries(places))("%s", (_, module) => {
  async function load(): Promise<typeof import("../../../src/chunk/digest.ts")> {
    vi.spyOn(process, "getBuiltinModule").mockImplementation((() => module) as unknown as GetBuiltinModule);
    vi.resetModules();
    return import("../../../src/chunk/digest.ts");
  }

  test("digests are SHA-256", async () => {
    const { sha256 } = await load();
    expect(toHex(sha256(new Uint8Array()))).toBe(
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    );
    const bytes = xorshiftBytes(3, 10_001).subarray(1);
    const digest = sha256(bytes);
    expect(toHex(digest)).toBe(createHash("sha256").update(bytes).digest("hex"));
    expect(digest.constructor).toBe(Uint8Array);
  });

  test("parts make the same digest as the whole", async () => {
    const { sha256, createSha256 } = await load();
    const bytes = xorshiftBytes(4, 1000);
    const digester = createSha256();
    digester.update(bytes.subarray(0, 1));
    digester.update(bytes.subarray(1, 1));
    digester.update(bytes.subarray(1));
    const digest = digester.digest();
    expect(digest).toEqual(sha256(bytes));
    expect(digest.constructor).toBe(Uint8Array);
  });
});
