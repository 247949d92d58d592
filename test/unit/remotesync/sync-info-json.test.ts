import { describe, expect, it } from "vitest";
import { toHex } from "../../../src/bytes/hex.ts";
import {
  decodeSyncInfo,
  encodedSyncInfoBytes,
  encodeSyncInfo,
  encodeSyncInfoParts,
  readSyncInfo,
} from "../../../src/remotesync/sync-info-json.ts";
import { failureOf, fileOf, silentStream, streamOf, textChunk } from "./exchange-parts.ts";

const key = toHex(textChunk("a").id);
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

function chunkText(members: string): string {
  return `{"Chunks":[{${members}}],"Perm":[0]}`;
}

describe("encodeSyncInfo", () => {
  it("writes members in order, without space, in lower case", async () => {
    const { info } = await fileOf(["a"], [1, 0]);
    expect(encodeSyncInfo(info)).toBe(`{"Chunks":[{"Key":"${key}","Size":1}],"Perm":[1,0]}`);
  });

  it("writes a list without chunks in either way", () => {
    expect(encodeSyncInfo({ chunks: [], perm: [0] })).toBe(`{"Chunks":null,"Perm":[0]}`);
    expect(encodeSyncInfo({ chunks: [], perm: [0] }, { emptyList: "[]" })).toBe(`{"Chunks":[],"Perm":[0]}`);
  });
});

describe("encodeSyncInfoParts", () => {
  it.each([0, 1, 2, 511, 512, 513, 2000])(
    "writes the text for %d chunks in parts, and knows its size",
    (count) => {
      const chunks = Array.from({ length: count }, (_, at) => ({ id: textChunk(`${at}`).id, size: at * 40 }));
      const info = { chunks, perm: [1, 0] };
      const parts = [...encodeSyncInfoParts(info)];
      expect(parts.join("")).toBe(encodeSyncInfo(info));
      expect(encodedSyncInfoBytes(info)).toBe(encodeSyncInfo(info).length);
      expect(Math.max(...parts.map((part) => part.length))).toBeLessThan(65_536);
      expect(decodeSyncInfo(parts.join(""))).toEqual(info);
    },
  );
});

describe("decodeSyncInfo", () => {
  it("flaw 17: refuses every key that is not 64 hex digits", async () => {
    const keys = [
      "",
      "ab",
      key.slice(1),
      `${key}0`,
      `${key}00`,
      `g${key.slice(1)}`,
      `${key.slice(1)} `,
      `ä${key.slice(1)}`,
    ];
    for (const wrong of keys) {
      expect(await failureOf(() => decodeSyncInfo(chunkText(`"Key":"${wrong}","Size":1`)))).toBe(
        "BAD_SYNCINFO",
      );
    }
    for (const member of [`"Size":1`, `"Key":null`, `"Key":12`, `"Key":["${key}"]`, `"Key":{}`]) {
      expect(await failureOf(() => decodeSyncInfo(chunkText(member)))).toBe("BAD_SYNCINFO");
    }
  });

  it.each([
    "-1",
    "1.5",
    "1.0",
    "1e2",
    "131073",
    "9007199254740993",
    "99999999999999999999",
    `"1"`,
    "true",
    "[1]",
    "01",
    "+1",
    "NaN",
  ])("refuses the size %s", async (size) => {
    expect(await failureOf(() => decodeSyncInfo(chunkText(`"Key":"${key}","Size":${size}`)))).toBe(
      "BAD_SYNCINFO",
    );
  });

  it.each(["[1]", "[0,0]", "[-1]", "[]", "null"])(
    "flaws 3 and 16: refuses the permutation %s",
    async (perm) => {
      expect(await failureOf(() => decodeSyncInfo(`{"Chunks":[],"Perm":${perm}}`))).toBe("BAD_PERMUTATION");
    },
  );

  it.each(["null", "{}"])("flaw 7: does not take %s for an empty file", async (text) => {
    expect(await failureOf(() => decodeSyncInfo(text))).toBe("BAD_PERMUTATION");
  });

  it("understands what the reference does", async () => {
    const { info } = await fileOf(["a"]);
    const usual = encodeSyncInfo(info);
    const texts = [
      `${usual}\n`,
      `${usual} and more`,
      ` {\t"perm" : [ 0 ] ,\r\n"CHUNKS" : [ { "sIZE" : 1 , "key" : "${key.toUpperCase()}" } ] }`,
      `{"x":{"y":[1.5e3,-0,true,false,null,"\\u00e4\\n",{}]},"Chunks":[{"Key":"${key}","Size":1,"z":[]}],"Perm":[0]}`,
      `{"Chunks":[],"Perm":[5],"Chunks":[{"Key":"${key}","Size":7,"Size":1}],"Perm":[0]}`,
      `{"\\u0043hunks":[{"Key":"${key}","Size":1}],"Perm":[0]}`,
      `{"Chun\u212A\u017F":[{"\u212Aey":"${key}","\u017Fize":1}],"Perm":[0]}`,
    ];
    for (const text of texts) expect(decodeSyncInfo(text)).toEqual(info);
    expect(decodeSyncInfo(bytesOf(usual))).toEqual(info);
  });

  it("takes only its own form when told to be strict", async () => {
    const { info } = await fileOf(["a"]);
    const usual = encodeSyncInfo(info);
    for (const text of [usual, `${usual}\n`]) expect(decodeSyncInfo(text, { lenient: false })).toEqual(info);
    expect(decodeSyncInfo(`{"Chunks":[],"Perm":[0]}`, { lenient: false }).chunks).toEqual([]);
    for (const text of [
      ` ${usual}`,
      `${usual}x`,
      usual.replace(key, key.toUpperCase()),
      usual.replace("Key", "key"),
    ]) {
      decodeSyncInfo(text);
      expect(await failureOf(() => decodeSyncInfo(text, { lenient: false }))).toBe("BAD_SYNCINFO");
    }
  });

  it("refuses every text that is cut off", async () => {
    const text = encodeSyncInfo((await fileOf(["a", "bb"], [1, 0])).info);
    for (let length = 0; length < text.length; length++) {
      expect(await failureOf(() => decodeSyncInfo(text.slice(0, length)))).toBe("BAD_SYNCINFO");
    }
  });

  it.each([
    "[]",
    "5",
    `"x"`,
    "true",
    "\ufeffnull",
    `{"Chunks":{}}`,
    `{"Chunks":[null]}`,
    `{"Chunks":[[]]}`,
    `{"Perm":{}}`,
    `{"Perm":["0"]}`,
    `{"Perm":[null]}`,
    `{"Perm":[0.0]}`,
    `{"Perm":[0,]}`,
    `{"Perm":[0],}`,
    `{"Perm":[0] "Chunks":[]}`,
    `{Perm:[0]}`,
    `{"x":nul,"Perm":[0]}`,
    `{"x":1.,"Perm":[0]}`,
    `{"x":"\\x","Perm":[0]}`,
    `{"x":"\n","Perm":[0]}`,
    `{"x":"\\`,
  ])("refuses %j", async (text) => {
    expect(await failureOf(() => decodeSyncInfo(text))).toBe("BAD_SYNCINFO");
  });

  it("refuses nesting that would exhaust the stack", async () => {
    const text = `{"x":${"[".repeat(100_000)}${"]".repeat(100_000)},"Perm":[0]}`;
    expect(await failureOf(() => decodeSyncInfo(text))).toBe("BAD_SYNCINFO");
  });

  it("flaw 18: stops at each limit", async () => {
    const { info } = await fileOf(["a", "b", "c"], [1, 0]);
    const text = encodeSyncInfo(info);
    decodeSyncInfo(text, {
      maxChunkCount: 3,
      maxPermutationCount: 2,
      maxFileBytes: 3,
      maxJsonBytes: text.length,
    });
    for (const limits of [
      { maxChunkCount: 2 },
      { maxPermutationCount: 1 },
      { maxFileBytes: 2 },
      { maxJsonBytes: text.length - 1 },
    ]) {
      expect(await failureOf(() => decodeSyncInfo(text, limits))).toBe("LIMIT");
    }
  });
});

describe("readSyncInfo", () => {
  it("does not mind where the text is cut", async () => {
    const { info } = await fileOf(["a", "b"], [1, 0]);
    const bytes = bytesOf(`{"ä€𝄞":"ä€𝄞",${encodeSyncInfo(info).slice(1)}`);
    const single = [...bytes].map((byte) => Uint8Array.of(byte));
    expect(await readSyncInfo(streamOf(...single))).toEqual(info);
  });

  it("flaw 18: stops reading at the limit, and closes the source", async () => {
    const endless = silentStream(new Uint8Array(60).fill(0x20), new Uint8Array(60).fill(0x20));
    expect(await failureOf(() => readSyncInfo(endless, { maxJsonBytes: 100 }))).toBe("LIMIT");
    expect(endless.closedCount).toBe(1);
  });

  it("flaw 11: a silent peer does not hold it when it is aborted", async () => {
    const controller = new AbortController();
    const endless = silentStream(bytesOf("{"));
    const reading = failureOf(() => readSyncInfo(endless, { signal: controller.signal }));
    controller.abort("enough");
    expect(await reading).toBe("enough");
    expect(endless.closedCount).toBe(1);
  });
});
