import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { settingsOfSide } from "../../../src/cli/bucket/bucket-options.ts";
import { openPlace } from "../../../src/cli/bucket/bucket-place.ts";

/** Where a bucket is asked for, by whom and for which region, is said by options and files. */

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "rsync-stream-places-"));
  const credentials = ["default", "one", "two"].map(
    (name) => `[${name}]\naws_access_key_id = key-${name}\naws_secret_access_key = secret\n`,
  );
  writeFileSync(join(folder, "credentials"), credentials.join(""), { mode: 0o600 });
  writeFileSync(
    join(folder, "config"),
    "[default]\nregion = configured\nendpoint_url = http://configured:1\n[profile two]\nregion = second\n",
    { mode: 0o600 },
  );
  for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) vi.stubEnv(name, undefined);
  vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", join(folder, "credentials"));
  vi.stubEnv("AWS_CONFIG_FILE", join(folder, "config"));
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** Asks for an object at one side. @returns the URL, whose key signed, for which region */
async function askedAt(place: string, options: Parameters<typeof settingsOfSide>[0], side = 0) {
  let asked = "";
  const fetch = async (url: string, { headers = {} }: RequestInit = {}): Promise<Response> => {
    const { authorization = "" } = headers as Record<string, string>;
    const [, key, region] = /Credential=([^/]+)\/\d+\/([^/]+)\/s3/.exec(authorization) ?? [];
    asked = `${url} ${key} ${region}`;
    return new Response(null, { status: 404 });
  };
  const { bucket, prefix } = openPlace(place, settingsOfSide(options, side), { fetch, attemptCount: 1 });
  await bucket.head(`${prefix}k`);
  return asked;
}

test("each side has a server, a region and a profile of its own, or both have what is given once", async () => {
  const own = { endpoint: ["http://a:1", "http://b:2"], region: ["r1", "r2"], profile: ["one", "two"] };
  expect(await askedAt("s3://bucket/p", own, 0)).toBe("http://a:1/bucket/p/k key-one r1");
  expect(await askedAt("s3://bucket/p", own, 1)).toBe("http://b:2/bucket/p/k key-two r2");
  const common = { endpoint: ["http://a:1"], region: ["r1"], profile: ["one"] };
  for (const side of [0, 1])
    expect(await askedAt("s3://bucket", common, side)).toBe("http://a:1/bucket/k key-one r1");
  expect(() => settingsOfSide({ region: ["r1", "r2", "r3"] }, 0)).toThrow("two sides");
});

test.each<[string, Record<string, string>, Parameters<typeof settingsOfSide>[0], string]>([
  ["files", {}, {}, "http://configured:1/bucket/k key-default configured"],
  [
    "a profile's part of them",
    { AWS_PROFILE: "two" },
    {},
    "https://bucket.s3.second.amazonaws.com/k key-two second",
  ],
  ["nothing", { AWS_PROFILE: "one" }, {}, "https://bucket.s3.us-east-1.amazonaws.com/k key-one us-east-1"],
  [
    "variables, of which the one for S3 goes before the other",
    {
      AWS_ENDPOINT_URL_S3: "http://s3:1",
      AWS_ENDPOINT_URL: "http://any:1",
      AWS_REGION: "r",
      AWS_DEFAULT_REGION: "d",
    },
    {},
    "http://s3:1/bucket/k key-default r",
  ],
  [
    "variables of less weight",
    { AWS_ENDPOINT_URL: "http://any:1", AWS_DEFAULT_REGION: "d" },
    {},
    "http://any:1/bucket/k key-default d",
  ],
  [
    "options before all",
    {
      AWS_ENDPOINT_URL_S3: "http://s3:1",
      AWS_REGION: "r",
      AWS_ACCESS_KEY_ID: "env",
      AWS_SECRET_ACCESS_KEY: "s",
    },
    { endpoint: ["http://told:1"], region: ["told"], profile: ["two"] },
    "http://told:1/bucket/k key-two told",
  ],
  [
    "credentials of the environment before those of files",
    { AWS_ACCESS_KEY_ID: "env", AWS_SECRET_ACCESS_KEY: "s" },
    {},
    "http://configured:1/bucket/k env configured",
  ],
])("a server and a region come from %s", async (_, variables, options, asked) => {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  expect(await askedAt("s3://bucket", options)).toBe(asked);
});

test("a profile that no file has is told, unless the environment has who signs", async () => {
  const unknown = /^there is no profile "three", in .*credentials or in .*config$/;
  await expect(askedAt("s3://bucket", { profile: ["three"] })).rejects.toThrow(unknown);
  vi.stubEnv("AWS_PROFILE", "three");
  await expect(askedAt("s3://bucket", {})).rejects.toThrow(unknown);
  vi.stubEnv("AWS_ACCESS_KEY_ID", "env");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "s");
  expect(await askedAt("s3://bucket", {})).toContain("k env us-east-1");
});

test("a bucket stands before the host where that is asked for, and its region is signed for", async () => {
  const options = { region: ["told"], profile: ["one"] };
  expect(await askedAt("s3+http://host:1/bucket?lookup=dns", options)).toBe(
    "http://bucket.host:1/k key-one told",
  );
  expect(await askedAt("s3+http://host:1/bucket?lookup=path", options)).toBe(
    "http://host:1/bucket/k key-one told",
  );
});
