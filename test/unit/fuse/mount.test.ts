import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { mountFuse } from "../../../src/fuse/mount.node.ts";
import { freshFolder } from "../../cli/run.ts";
import { notLinux, unless } from "../../obstacles.ts";

const { test: linuxTest } = unless(notLinux);

linuxTest("nothing is mounted on what is no directory", async () => {
  const place = join(freshFolder(), "file");
  const refused = { code: "NOT_FOUND", detail: { path: place } };
  await expect(mountFuse(place)).rejects.toMatchObject(refused);
  writeFileSync(place, "");
  await expect(mountFuse(place)).rejects.toMatchObject(refused);
});
