import { connect } from "node:tls";
import { isSyncError, SyncError } from "../errors.ts";

/** Milliseconds that a server has to show that it speaks TLS. */
const probeMs = 2000;

/** Certificates that nobody known here vouches for. */
const untrusted = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

/**
 * Connects to a URL; when that fails because of what stands there, tells what to do about it.
 *
 * @throws what `work` does, with a hint in its message
 */
export async function withConnectionHint<Result>(url: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (thrown) {
    if (!isSyncError(thrown)) throw thrown;
    const hint = await hintFor(thrown, url);
    if (hint === undefined) throw thrown;
    const { code, message, detail, remote } = thrown;
    const said = isTlsTrouble(codeIn(thrown)) ? message.split(": ")[0]! : message; // not OpenSSL's own log
    throw new SyncError(code, `${said}; ${hint}`, { cause: thrown, detail, remote });
  }
}

async function hintFor(error: SyncError, url: string): Promise<string | undefined> {
  if (!URL.canParse(url)) return undefined;
  const { protocol, port, hostname } = new URL(url);
  const secure = protocol === "https:" || protocol === "wss:";
  const reason = codeIn(error);
  if (untrusted.has(reason)) return "--ca FILE names a certificate to trust, such as the server's own";
  if (secure && isTlsTrouble(reason)) {
    return `no TLS is spoken there; ${protocol === "https:" ? "http" : "ws"}: may be meant`;
  }
  // A refusal that the other end words itself came over a connection that works.
  const isOdd =
    reason === "ECONNRESET" || reason === "EPIPE" || (error.code === "UNSUPPORTED" && !error.remote);
  if (secure || !isOdd || !(await speaksTls(hostname, Number(port || 80)))) return undefined;
  return `TLS is spoken there; ${protocol === "http:" ? "https" : "wss"}: is meant`;
}

/** True for what comes of an answer that is not one of TLS. */
function isTlsTrouble(reason: string): boolean {
  return reason.startsWith("ERR_SSL_") || reason === "EPROTO";
}

/** The first code of the system or of OpenSSL among the causes of an error. */
function codeIn(error: SyncError): string {
  for (let at = error.cause; at instanceof Error; at = at.cause) {
    const { code } = at as NodeJS.ErrnoException;
    if (!isSyncError(at) && typeof code === "string") return code;
  }
  return "";
}

function speaksTls(hostname: string, port: number): Promise<boolean> {
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  return new Promise((resolve) => {
    // Nothing is said to the server: whom it proves to be does not matter yet.
    const socket = connect({ host, port, rejectUnauthorized: false });
    const settle = (speaks: boolean): void => {
      socket.destroy();
      resolve(speaks);
    };
    socket.setTimeout(probeMs, () => settle(false));
    socket.once("secureConnect", () => settle(true)).on("error", () => settle(false));
  });
}
