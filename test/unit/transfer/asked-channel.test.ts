import { expect, test } from "vitest";
import { answerAsked } from "../../../src/transfer/asked-channel.ts";
import { type ByteChannel, channelOf } from "../../../src/transport/channel.ts";
import { duplexPair } from "../../../src/transport/memory.ts";

const token = "0123456789abcdef".repeat(4);
const program = Buffer.from("the program");
const encode = (text: string) => new TextEncoder().encode(text);

/** A channel that answers, and the other end of it. */
function asked() {
  const [ours, theirs] = duplexPair();
  return { channel: answerAsked(channelOf(ours), token, () => program), theirs: channelOf(theirs) };
}

/** All that comes, as text. */
async function textOf(channel: ByteChannel): Promise<string> {
  let text = "";
  for await (const block of channel.read()) text += Buffer.from(block).toString();
  return text;
}

test.each([["a session"], [token.slice(0, 20)], [`${token}!`], [""]])(
  "an end that begins with %j is there",
  async (words) => {
    const { channel, theirs } = asked();
    const heard = textOf(channel);
    const theirsHeard = textOf(theirs);
    await channel.write(encode("early"));
    for (const letter of words) await theirs.write(encode(letter));
    await theirs.end();
    expect(await heard).toBe(words);
    await channel.end();
    expect(await theirsHeard).toBe("early");
  },
);

test.each([1, 7, 1000])(
  "one that asks gets the program, and what was said before (blocks of %i)",
  async (size) => {
    const { channel, theirs } = asked();
    const heard = textOf(channel);
    const theirsHeard = textOf(theirs);
    await channel.write(encode("one"));
    await channel.write(encode("two"));
    const words = `${token}\nanswer`;
    for (let at = 0; at < words.length; at += size) await theirs.write(encode(words.slice(at, at + size)));
    await theirs.end();
    expect(await heard).toBe("answer");
    await channel.write(encode("three"));
    await channel.end();
    expect(await theirsHeard).toBe(`onetwo${token}the programonetwothree`);
  },
);

test("more than a MiB waits until the other end has said something", async () => {
  const { channel, theirs } = asked();
  const theirsHeard = textOf(theirs);
  const heard = textOf(channel);
  await channel.write(new Uint8Array(1 << 20));
  let isWritten = false;
  const writing = channel.write(encode("more")).then(() => (isWritten = true));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(isWritten).toBe(false);
  await theirs.write(encode("s"));
  await writing;
  await theirs.end();
  expect(await heard).toBe("s");
  await channel.end();
  expect(await theirsHeard).toHaveLength((1 << 20) + 4);
});

test("who waits is told when the connection breaks", async () => {
  const { channel, theirs } = asked();
  const heard = textOf(channel);
  void textOf(theirs).catch(() => {});
  await channel.write(new Uint8Array(1 << 20));
  const writing = channel.write(encode("more"));
  theirs.abort(new Error("gone"));
  await expect(heard).rejects.toMatchObject({ code: "PEER_GONE" });
  await expect(writing).rejects.toMatchObject({ code: "PEER_GONE" });
});
