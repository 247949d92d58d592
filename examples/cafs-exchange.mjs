// The CAFS exchange of one file, as functions of byte streams (what it-pipe joins): the receiver's
// wishlist goes in at the sender, its chunk stream goes in at the receiver, and the file comes out,
// in order and verified.
//
//     node examples/cafs-exchange.mjs
import {
  chunkOf,
  createBuilder,
  cutChunks,
  cafsSpec,
  memoryStore,
  syncInfoOf,
  toHex,
  writeChunkData,
} from "rsync-stream";

const text = (words) => new TextEncoder().encode(words.repeat(20_000));
const old = [text("What the receiver has already. "), text("And what both have. ")];
const file = [text("What is new to the receiver. "), text("And what both have. ")];

// The sender cuts its file, and keeps the chunks for as long as somebody may ask for them.
const sender = memoryStore();
const info = await syncInfoOf(stream(file), [2, 0, 1], { onChunk: (chunk) => sender.put(chunk) });

// The receiver has chunks of its own.
const receiver = memoryStore();
for await (const chunk of cutChunks(stream(old), cafsSpec)) await receiver.put(chunk);

const builder = createBuilder(info, receiver, {
  onProgress: ({ doneBytes, totalBytes, receivedBytes }) => {
    if (doneBytes === totalBytes) console.log(`${receivedBytes} of ${totalBytes} bytes had to come`);
  },
});
const chunkData = writeChunkData(info, sender, builder.wishlist);
const rebuilt = await gather(builder.build(chunkData));
console.log(toHex(chunkOf(rebuilt).id) === toHex(chunkOf(Buffer.concat(file)).id) ? "equal" : "different");

async function* stream(blocks) {
  yield* blocks;
}

async function gather(source) {
  const blocks = [];
  for await (const block of source) blocks.push(block);
  return Buffer.concat(blocks);
}
