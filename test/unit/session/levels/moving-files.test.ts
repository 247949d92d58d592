import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { dirname } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { override } from "../../../../src/bytes/override.ts";
import type { SyncError } from "../../../../src/errors.ts";
import { receiveTree } from "../../../../src/session/receive.ts";
import { type SendOptions, type SendSummary, sendTree } from "../../../../src/session/send.ts";
import { duplexPair } from "../../../../src/transport/memory.ts";
import { openTreeSource } from "../../../../src/tree/disk/source/source.node.ts";
import { openTreeTarget } from "../../../../src/tree/disk/target/target.node.ts";
import type { OldVersions } from "../../../../src/tree/target.ts";
import { noMounting, notRoot, unless } from "../../../obstacles.ts";
import { noise, tempDir } from "../../tree/disk/disk-tree.ts";

const sizeBytes = 3_000_000;
const before = noise(sizeBytes, 1);
/** As long as before, and other bytes in the middle. */
const after = Buffer.concat([before.subarray(0, 1_500_000), noise(1000, 2), before.subarray(1_501_000)]);

/** What happens at one end while a file is made from its old version. */
interface Happening {
  /** The files are read at the sender. */
  readonly scan?: (from: string) => void;
  /** What the receiver misses is read again; only where nothing was kept. */
  readonly read?: (from: string) => void;
  /** The receiver is called so, each time. */
  readonly old?: Partial<Record<keyof OldVersions, (to: string) => void>>;
  /** The receiver gives files their names. */
  readonly finish?: (to: string) => void;
}

interface Places {
  readonly from: string;
  readonly to: string;
}

interface Outcome extends Places {
  readonly troubles: readonly string[];
  readonly sent: SendSummary;
}

/** Sends a file to where an older version of it is. Both are called `file`. */
async function sync(
  [content, old]: readonly [Buffer, Buffer],
  happening: Happening,
  options: SendOptions = {},
  prepare?: (places: Places) => void,
): Promise<Outcome> {
  const temp = tempDir();
  onTestFinished(() => temp[Symbol.dispose]());
  const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
  for (const [place, bytes, time] of [
    [from, content, 2],
    [to, old, 1],
  ] as const) {
    fs.mkdirSync(place);
    fs.writeFileSync(`${place}/file`, bytes);
    fs.utimesSync(`${place}/file`, time, time);
  }
  prepare?.({ from, to });
  return { ...(await syncPlaces(from, to, happening, options)), from, to };
}

async function syncPlaces(from: string, to: string, happening: Happening, options: SendOptions = {}) {
  const source = await openTreeSource(`${from}/`);
  const target = await openTreeTarget(to);
  const watchedOld = Object.entries(happening.old ?? {}).map(([name, happen]) => {
    const method = target.old![name as keyof OldVersions] as (...given: unknown[]) => unknown;
    const watched = (...given: unknown[]): unknown => {
      happen(`${to}/file`);
      return method.apply(target.old, given);
    };
    return [name, watched];
  });
  const old = override(target.old!, Object.fromEntries(watchedOld) as Partial<OldVersions>);
  const [left, right] = duplexPair();
  const troubles: string[] = [];
  const onTrouble = ({ code, remote }: SyncError): void => {
    if (!remote) troubles.push(code);
  };
  const liveness = { helloMs: 0, stallMs: 0, onTrouble };
  const [sent] = await Promise.all([
    sendTree(
      override(source, {
        scan: (...given: Parameters<NonNullable<typeof source.scan>>) => {
          happening.scan?.(`${from}/file`);
          return source.scan!(...given);
        },
        read: (...given: Parameters<typeof source.read>) => {
          happening.read?.(`${from}/file`);
          return source.read(...given);
        },
      }),
      left,
      { ...liveness, ...options },
    ),
    receiveTree(
      override(target, {
        old,
        finish: (...given: Parameters<typeof target.finish>) => {
          happening.finish?.(`${to}/file`);
          return target.finish(...given);
        },
      }),
      right,
      liveness,
    ),
  ]);
  await source.close();
  return { sent, troubles };
}

/** Does something once, however often it is called. */
function once(act: (place: string) => void): (place: string) => void {
  let isDone = false;
  return (place) => {
    if (!isDone) act(place);
    isDone = true;
  };
}

const longer = Buffer.concat([after, noise(5000, 3)]);

const append = (place: string): void => fs.appendFileSync(place, noise(10_000, 9));
const shorten = (place: string): void => fs.truncateSync(place, 1_000_000);
const edit = (place: string): void => {
  const fd = fs.openSync(place, "r+");
  fs.writeSync(fd, "edited", 1_500_500);
  fs.closeSync(fd);
};
const replace = (place: string): void => {
  fs.writeFileSync(`${place}.new`, noise(sizeBytes, 7));
  fs.renameSync(`${place}.new`, place);
};
const remove = (place: string): void => fs.rmSync(place, { force: true });
const makePipe = (place: string): void => {
  fs.rmSync(place);
  spawnSync("mkfifo", [place]);
};
const makeDir = (place: string): void => {
  fs.rmSync(place);
  fs.mkdirSync(place);
};

function holds(place: string, content: Buffer): boolean {
  return fs.readFileSync(place).equals(content);
}

describe.each([
  ["as long", [after, before]],
  ["longer", [longer, before]],
  ["the same", [before, before]],
] as const)("a file at the sender that is %s", (how, versions) => {
  const nothingKept = { keptContentBytes: 0 };

  test("and grows all the time arrives as it was listed", async () => {
    const { to, troubles } = await sync(versions, { scan: append, read: append }, nothingKept);
    expect(troubles).toEqual([]);
    expect(holds(`${to}/file`, versions[0])).toBe(true);
  });

  test.each([
    ["is shortened", shorten, "CHANGED"],
    ["is edited", edit, "CHANGED"],
    ["is replaced", replace, "CHANGED"],
    ["is removed", remove, "VANISHED"],
    ["becomes a directory", makeDir, "CHANGED"],
  ])("and %s before it is read is not sent, and the old version stays", async (_, happen, code) => {
    const { to, troubles } = await sync(versions, { scan: once(happen) });
    expect(troubles).toEqual([code]);
    expect(holds(`${to}/file`, versions[1])).toBe(true);
  });

  test.each([
    ["is shortened", shorten, "CHANGED"],
    ["is edited", edit, "CHANGED"],
    ["is removed", remove, "VANISHED"],
  ])("and %s before a part is read again is not sent, and the old version stays", async (_, happen, code) => {
    if (how === "the same") return; // nothing is read again
    const { to, troubles } = await sync(versions, { read: once(happen) }, nothingKept);
    expect(troubles).toEqual([code]);
    expect(holds(`${to}/file`, versions[1])).toBe(true);
  });
});

describe.each([
  ["as long", [after, before], "put"],
  ["longer", [longer, before], "put"],
  ["the same", [before, before], "keep"],
] as const)("an old version at the receiver of a file that is %s", (_, versions, moment) => {
  test.each([
    ["before it is compared", { old: { scan: once(edit) } }],
    ["when it is used", { old: { [moment]: once(edit) } }],
    ["at the end", { finish: once(edit) }],
  ] as const)("and edited %s is not replaced", async (_when, happening) => {
    const { to, troubles } = await sync(versions, happening);
    expect(troubles).toEqual(["CHANGED"]);
    const edited = fs.readFileSync(`${to}/file`);
    expect(edited.subarray(1_500_500, 1_500_506).toString()).toBe("edited");
    expect(edited.length).toBe(sizeBytes);
  });

  test("and shortened when it is used is not replaced", async () => {
    const { to, troubles } = await sync(versions, { old: { [moment]: once(shorten) } });
    expect(troubles).toEqual(["CHANGED"]);
    expect(holds(`${to}/file`, before.subarray(0, 1_000_000))).toBe(true);
  });

  test("and removed when it is used does not come back", async () => {
    const { to, troubles } = await sync(versions, { old: { [moment]: once(remove) } });
    expect(troubles).toEqual(["CHANGED"]);
    expect(fs.existsSync(`${to}/file`)).toBe(false);
  });

  test.each([
    ["a pipe", makePipe, "isFIFO"],
    ["a directory", makeDir, "isDirectory"],
  ] as const)("and made %s when it is used is not replaced", async (_what, make, is) => {
    const { to, troubles } = await sync(versions, { old: { [moment]: once(make) } });
    expect(troubles).toEqual(["CHANGED"]);
    expect(fs.lstatSync(`${to}/file`)[is]()).toBe(true);
  });
});

describe.each([
  ["as long", [after, before]],
  ["longer", [longer, before]],
] as const)("where the new version is %s", (_, versions) => {
  unless(notRoot).test("an old version that cannot be read is replaced", async () => {
    const prepare = ({ from, to }: Places): void => {
      for (const place of [to, `${to}/file`]) fs.chownSync(place, 65_534, 65_534);
      fs.chmodSync(`${to}/file`, 0);
      fs.chmodSync(dirname(from), 0o755);
      process.seteuid!(65_534);
    };
    const syncing = sync(versions, {}, {}, prepare).finally(() => process.seteuid!(0));
    const { to, troubles } = await syncing;
    expect(troubles).toEqual([]);
    expect(holds(`${to}/file`, versions[0])).toBe(true);
  });

  unless(noMounting()).test("the old version stays when the new one finds no room", async () => {
    const prepare = ({ to }: Places): void => {
      spawnSync("mount", ["-t", "tmpfs", "-o", "size=4500k", "tmpfs", to]);
      onTestFinished(() => void spawnSync("umount", [to]));
      fs.writeFileSync(`${to}/file`, versions[1]);
      fs.utimesSync(`${to}/file`, 1, 1);
    };
    let place = "";
    const syncing = sync(versions, {}, {}, (places) => {
      place = places.to;
      prepare(places);
    });
    await expect(syncing).rejects.toMatchObject({ code: "NO_SPACE" });
    expect(holds(`${place}/file`, versions[1])).toBe(true);
  });
});
