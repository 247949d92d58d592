/** A message of HTTP/1.1 as far as it has come, in Latin 1. */
export interface Spoken {
  readonly head: string;
  /** Without its transfer coding. */
  readonly body: string;
  readonly ended: boolean;
}

/** Takes apart what one side of a connection has said so far. */
export function messagesIn(said: string): Spoken[] {
  const messages: Spoken[] = [];
  for (let at = 0; ;) {
    const headEnd = said.indexOf("\r\n\r\n", at);
    if (headEnd < 0) return messages;
    const head = said.slice(at, headEnd);
    at = headEnd + 4;
    const rest = said.slice(at);
    const { body, ended, length } = /^transfer-encoding: chunked$/im.test(head)
      ? partsIn(rest)
      : plainBody(rest, Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0));
    messages.push({ head, body, ended });
    if (!ended) return messages;
    at += length;
  }
}

function plainBody(rest: string, size: number) {
  const body = rest.slice(0, size);
  return { body, ended: body.length === size, length: size };
}

function partsIn(rest: string) {
  let body = "";
  for (let at = 0; ;) {
    const [line, digits] = /^([0-9a-f]+)\r\n/i.exec(rest.slice(at, at + 12)) ?? [];
    if (line === undefined) return { body, ended: false, length: at };
    const size = Number.parseInt(digits!, 16);
    const part = rest.slice(at + line.length, at + line.length + size);
    body += part;
    if (part.length < size) return { body, ended: false, length: at };
    at += line.length + size + 2;
    if (size === 0) return { body, ended: rest.length >= at, length: at };
  }
}
