// Syncs a tree in memory between two ends of a MessageChannel: two tabs, or a page and its worker.
// Nothing here needs Node, so a bundler can make a page of it.
//
//     node examples/browser.mjs
import { memoryDir, memorySource, memoryTarget, receiveTree, sendTree, textOfName } from "rsync-stream";
import { messagePortDuplex } from "rsync-stream/transport/message-port";

const original = memoryDir({
  "notes.txt": "Milk, bread and forty thousand chunks.",
  drafts: memoryDir({ "poem.txt": "Roses are red, ".repeat(10_000) }),
});
const copy = memoryDir();

await sync();
console.log(`the copy has ${[...copy.children.keys()].map(textOfName).join(", ")}`);
const { sentBytes } = await sync();
console.log(`the second time ${sentBytes} bytes of content were sent`);

async function sync() {
  const source = memorySource(original);
  const { port1, port2 } = new MessageChannel();
  try {
    const [sent] = await Promise.all([
      sendTree(source, messagePortDuplex(port1)),
      receiveTree(memoryTarget(copy), messagePortDuplex(port2)),
    ]);
    return sent;
  } finally {
    port1.close();
  }
}
