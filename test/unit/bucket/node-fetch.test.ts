import dns from "node:dns";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createRawServer, Socket } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { nodeFetch } from "../../../src/bucket/node-fetch.node.ts";
import { PoolAnswer } from "../../../src/bucket/pool-answer.node.ts";

test("a body that broke off before it is taken fails, and is not waited for", async () => {
  const server = createServer((_, response) => {
    response.writeHead(200, { "content-length": "10" });
    response.write("12345", () => setTimeout(() => response.destroy(), 20));
  }).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const call = nodeFetch();
  const answer = await call(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await new Promise((resolve) => setTimeout(resolve, 200));
  await expect(answer.takeBody!(100, () => new Error("too long"))).rejects.toThrow();
});

test("connections are used again, also behind a HEAD", async () => {
  let count = 0;
  const server = createServer((_, response) => void response.end("12345")).listen(0, "127.0.0.1");
  server.on("connection", () => count++);
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const call = nodeFetch();
  for (let time = 0; time < 15; time++) {
    const answer = await call(url, { method: ["HEAD", "GET", "PUT"][time % 3]! });
    await answer.takeBody!(5, () => new Error("too long"));
  }
  // One may still be busy with the end of an answer.
  expect(count).toBeLessThanOrEqual(2);
});

test("a request ends at its signal before there is a connection", async () => {
  const looked = vi.spyOn(dns, "lookup").mockReturnValue(undefined as never);
  onTestFinished(() => void looked.mockRestore());
  const controller = new AbortController();
  const asked = nodeFetch()("http://store.example/", { signal: controller.signal });
  await vi.waitFor(() => expect(looked).toHaveBeenCalled());
  controller.abort(new Error("no longer wanted"));
  await expect(asked).rejects.toThrow("no longer wanted");
});

test("a connection that is still made ends when nobody waits for it any more", async () => {
  const looked = vi.spyOn(dns, "lookup").mockReturnValue(undefined as never);
  const destroyed = vi.spyOn(Socket.prototype, "destroy");
  onTestFinished(() => [looked, destroyed].forEach((spy) => spy.mockRestore()));
  const call = nodeFetch();
  const controllers = [new AbortController(), new AbortController()];
  const asked = controllers.map(({ signal }) => call("http://store.example/", { signal }));
  await vi.waitFor(() => expect(looked).toHaveBeenCalledTimes(2));
  for (const [i, controller] of controllers.entries()) {
    controller.abort(new Error("no longer wanted"));
    await expect(asked[i]).rejects.toThrow("no longer wanted");
    expect(destroyed).toHaveBeenCalledTimes(2 * i);
  }
});

test("no connection is made for a request that was ended", async () => {
  let count = 0;
  const server = createRawServer(() => count++).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const call = nodeFetch();
  for (let time = 1; time <= 2; time++) {
    const controller = new AbortController();
    const asked = call(url, { signal: controller.signal });
    await vi.waitFor(() => expect(count).toBe(time));
    controller.abort(new Error("no longer wanted"));
    await expect(asked).rejects.toThrow("no longer wanted");
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(count).toBe(time);
  }
});

test("a body without a length is not whole when its connection breaks off", async () => {
  const server = createRawServer((socket) => {
    socket.once("data", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n12345");
      setTimeout(() => socket.resetAndDestroy(), 50);
    });
  }).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const call = nodeFetch();
  const taken = (await call(url)).takeBody!(100, () => new Error("too long"));
  await expect(taken).rejects.toThrow("ECONNRESET");
  const read = async () => {
    for await (const _ of (await call(url)).body!) void _;
  };
  await expect(read()).rejects.toThrow("ECONNRESET");
});

test.each([102, 103])("a status %i before the answer is not the answer", async (status) => {
  const words = `HTTP/1.1 ${status} Wait\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nab`;
  const server = createRawServer((socket) => {
    socket.once("data", () => socket.end(words));
  }).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const answer = await nodeFetch()(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  expect(answer.status).toBe(200);
  expect(Buffer.from(await answer.takeBody!(2, () => new Error("too long"))).toString()).toBe("ab");
});

const interim = "HTTP/1.1 100 Continue\r\nx: y\r\n\r\n";
const final = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nab";

/** A server that answers each request by these parts, one after another. */
async function rawServer(partsOf: (count: number) => readonly string[]): Promise<string> {
  let count = 0;
  const answer = async (socket: Socket): Promise<void> => {
    for (const part of partsOf(count++)) {
      socket.write(part);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const server = createRawServer((socket) => {
    socket.setNoDelay();
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      if (/^(?:GET|PUT|HEAD) /.test(bytes.toString("latin1"))) void answer(socket);
    });
  }).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

test.each([
  ["in one part with the answer", [interim + final]],
  ["by itself", [interim, final]],
  ["several times", [interim + interim, interim, final]],
  ["letter by letter", [...interim, final]],
  ["cut where the answer begins like it", [interim + final.slice(0, 9), final.slice(9)]],
])("a 100 that nobody waits for is passed over: %s", async (_, parts) => {
  const url = await rawServer(() => parts);
  const call = nodeFetch();
  for (const method of ["GET", "PUT"]) {
    const body = method === "PUT" ? Buffer.alloc(100_000) : null;
    const answer = await call(url, { method, ...(body && { body }) });
    expect(answer.status).toBe(200);
    expect(Buffer.from(await answer.takeBody!(2, () => new Error("too long"))).toString()).toBe("ab");
  }
});

test.each(["", interim])("a 100 in a body is content, behind %j too", async (before) => {
  const head = `HTTP/1.1 200 OK\r\ncontent-length: ${2 * interim.length}\r\n\r\n`;
  const url = await rawServer(() => [before + head, interim, interim]);
  const answer = await nodeFetch()(url);
  const taken = await answer.takeBody!(1000, () => new Error("too long"));
  expect(Buffer.from(taken).toString()).toBe(interim + interim);
});

test("a 100 without an end breaks the request", async () => {
  const url = await rawServer(() => [`HTTP/1.1 100 Continue\r\n${"x: y\r\n".repeat(10_000)}`]);
  await expect(nodeFetch()(url)).rejects.toThrow();
});

/** An answer of which parts come by hand, and what it does about its request. */
function answerByHand(headers: Record<string, string> = {}) {
  const done: string[] = [];
  const controller = {
    aborted: false,
    paused: false,
    reason: null,
    abort: () => void done.push("abort"),
    pause: () => void done.push("pause"),
    resume: () => void done.push("resume"),
  };
  return { answer: new PoolAnswer("GET", controller, 200, headers), done };
}

test("no more comes of a body than somebody takes", async () => {
  const { answer, done } = answerByHand();
  answer.take(Buffer.alloc(65_536, "a"));
  expect(done).toEqual([]);
  answer.take(Buffer.from("b"));
  expect(done).toEqual(["pause"]);
  const taken = answer.takeBody(100_000, () => new Error("too long"));
  expect(done).toEqual(["pause", "resume"]);
  answer.take(Buffer.from("c"));
  answer.end();
  expect(Buffer.from(await taken).toString()).toBe(`${"a".repeat(65_536)}bc`);

  const streamed = answerByHand();
  const stream = streamed.answer.stream();
  for (let i = 0; i < 2; i++) streamed.answer.take(Buffer.alloc(65_536));
  expect(streamed.done).toContain("pause");
  stream.on("error", () => {}).destroy();
  await once(stream, "close");
  expect(streamed.done.at(-1)).toBe("abort");
});

test("a body that is longer than it may be ends the request", async () => {
  const { answer, done } = answerByHand();
  const taken = answer.takeBody(5, () => new Error("too long"));
  answer.take(Buffer.from("123456"));
  await expect(taken).rejects.toThrow("too long");
  expect(done).toContain("abort");
});

test("a body is taken once, and never as an empty one again", async () => {
  const first = answerByHand().answer;
  first.take(Buffer.from("123"));
  first.end();
  first.body!.cancel().catch(() => {});
  await expect(first.takeBody(5, () => new Error("too long"))).rejects.toThrow("taken once");
  const second = answerByHand().answer;
  second.take(Buffer.from("123"));
  second.end();
  await second.takeBody(5, () => new Error("too long"));
  expect(() => second.body).toThrow("taken once");
  expect(() => second.stream()).toThrow("taken once");
});
