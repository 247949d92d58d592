import { createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { fetchCafs } from "../../../src/http/cafs-client.node.ts";
import { handleCafs } from "../../../src/http/cafs-handler.node.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import { input } from "../../conformance/check.ts";
import { loadCases } from "../../vectors/load.ts";
import { collect, rawConnection, serving, sharedBytes, until } from "./serving.ts";
import { messagesIn, type Spoken } from "./spoken.ts";

type Event = { readonly from: "client" | "server"; readonly hex?: string };

const textOf = ({ hex = "" }: Event): string => Buffer.from(hex, "hex").toString("latin1");

/** Says it in one piece, or a byte at a time. */
async function say(socket: Socket, text: string, bytewise: boolean): Promise<void> {
  socket.setNoDelay(true);
  if (!bytewise) return void socket.write(text, "latin1");
  for (const character of text) {
    socket.write(character, "latin1");
    await turn();
  }
}

/**
 * True when one side has said at least what was recorded of it: it needs no more to go on than the
 * Go program does.
 */
function hasSaid(ours: readonly Spoken[], recorded: readonly Spoken[]): boolean {
  return recorded.every(
    ({ body, ended }, at) => (ours[at]?.body.length ?? -1) >= body.length && (!ended || ours[at]!.ended),
  );
}

describe.each([
  ["as they came", false],
  ["a byte at a time", true],
])("what the Go program's ends said, %s", (_, bytewise) => {
  for (const vector of loadCases<any>("cafs/http-capture.json")) {
    const events: readonly Event[] = vector.events;

    test(`${vector.name}: our server answers its client, event by event`, async () => {
      const file = await sharedBytes(input(vector.input), vector.perm);
      await using server = await serving((request, response) => {
        void handleCafs(request, response, async () => file);
      });
      const client = await rawConnection(server.port);
      let recorded = "";
      for (const event of events) {
        if (event.from === "client" && event.hex) await say(client.socket, textOf(event), bytewise);
        if (event.from === "server") recorded += textOf(event);
        await until(() => hasSaid(messagesIn(client.heard()), messagesIn(recorded)));
      }
      const heard = messagesIn(await client.closed);
      expect(heard.map(({ body }) => body)).toEqual(messagesIn(recorded).map(({ body }) => body));
      expect(heard[1]!.head).toMatch(/^HTTP\/1.1 200 OK\r\n/);
      expect(heard[1]!.head).toMatch(/^connection: close$/im);
      client.socket.destroy();
    });

    test(`${vector.name}: our client speaks with its server, event by event`, async () => {
      const sockets: Socket[] = [];
      let said = "";
      const server = createServer({ allowHalfOpen: true }, (socket) => {
        sockets.push(socket);
        socket.on("error", () => {}).on("data", (bytes) => (said += bytes.toString("latin1")));
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/f/0`;
      const fetching = collect(fetchCafs(url, memoryStore(), { windowCount: 32 }));
      let recorded = "";
      for (const event of events) {
        if (event.from === "server") {
          if (event.hex) await say(sockets.at(-1)!, textOf(event), bytewise);
          else sockets.at(-1)!.end();
        } else if (event.hex) {
          recorded += textOf(event);
          await until(() => hasSaid(messagesIn(said), messagesIn(recorded)));
        }
      }
      expect(await fetching).toEqual(new Uint8Array(input(vector.input)));
      const [get, post] = messagesIn(said);
      expect(get!.head).toMatch(/^GET \/f\/0 HTTP\/1.1\r\n/);
      expect(post!.head).toMatch(/^POST \/f\/0 HTTP\/1.1\r\n/);
      expect(post!.head).toMatch(/^Connection: close$/m);
      expect(post!.head).toMatch(/^Transfer-Encoding: chunked$/m);
      expect(post!.head).not.toMatch(/expect|if-match/i);
      expect(Buffer.from(post!.body, "latin1").toString("hex")).toBe(vector.wishlistHex);
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    });
  }
});
