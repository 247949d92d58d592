import type { Answer, Call } from "../bucket/answer.ts";
import { asking, bodyOf, refusal, type AskOptions, type RequestOptions } from "../bucket/requests.ts";
import { keepingHeaders } from "../bucket/redirects.ts";
import { SyncError } from "../errors.ts";

/** Who one is to a container registry. */
export interface OciCredentials {
  readonly username: string;
  readonly password: string;
}

export interface OciOptions extends RequestOptions {
  /** Shown to the registry when it asks for them. */
  readonly credentials?: OciCredentials;
}

/** What is asked of a registry: a path of the repository, or a whole URL that it named. */
export interface OciRequest {
  readonly at: string | URL;
  readonly init?: RequestInit & { readonly headers?: Readonly<Record<string, string>> };
}

/** What is taken from a container registry. */
export const ociLimits = Object.freeze({
  /** Bytes of an answer in JSON. */
  registryAnswerBytes: 4_194_304,
  /** Bytes of the manifest of a chunk. */
  chunkManifestBytes: 65_536,
  /** Pages of tags, of which one has 1000 where the registry does as it is asked. */
  tagPageCount: 20_000,
});

const schemes = { "oci+http:": "http:", "oci+https:": "https:" } as const;

/** A repository of a container registry. */
export class OciRepository {
  /** Where everything of the repository is, with a slash at its end. */
  readonly base: URL;
  readonly #name: string;
  readonly #options: OciOptions;
  readonly #request: ReturnType<typeof asking>;
  /** Answers of places that the registry led to, which may not ask for credentials. */
  readonly #foreign = new WeakSet<Answer>();
  /** What the registry takes for credentials, once it was asked for any. */
  #authorization: string | undefined;

  /** @throws USAGE for what is no URL of oci+http: or oci+https: */
  constructor(place: string, options: OciOptions = {}) {
    const [, scheme = "", rest = ""] = /^(oci\+https?:)(\/\/.*)$/i.exec(place) ?? [];
    const protocol = schemes[scheme.toLowerCase() as keyof typeof schemes];
    const url = protocol && URL.canParse(protocol + rest) ? new URL(protocol + rest) : undefined;
    this.#name = url?.pathname.replaceAll(/^\/+|\/+$/g, "") ?? "";
    if (url === undefined || !/^[a-z0-9._-]+(?:\/[a-z0-9._-]+)*$/.test(this.#name))
      throw new SyncError("USAGE", `not a repository of a container registry: "${place}"`);
    this.base = new URL(`/v2/${this.#name}/`, url.origin);
    this.#options = options;
    const { fetch: call = fetch } = options;
    const noting: Call = async (at, init) => {
      const answer = await call(at, init);
      if (new URL(at).origin !== this.base.origin) this.#foreign.add(answer);
      return answer;
    };
    this.#request = asking({ ...options, fetch: keepingHeaders(noting) });
  }

  /** Makes a request, with credentials when they are asked for. @throws what `take` throws */
  async ask<Result>(
    { at, init = {} }: OciRequest,
    take: (response: Answer, url: string) => Promise<Result>,
    options: AskOptions = {},
  ): Promise<Result> {
    const url = new URL(at, this.base);
    const shown = this.#authorization;
    const make = async (authorization: string | undefined) => ({
      url: url.href,
      init: {
        ...init,
        headers: {
          ...init.headers,
          // A registry may lead to a store of its own, which this is not for.
          ...(authorization !== undefined && url.origin === this.base.origin && { authorization }),
        },
      },
    });
    const tryIt = async (response: Answer) =>
      response.status === 401 && !this.#foreign.has(response)
        ? { challenge: response.headers.get("www-authenticate") ?? "" }
        : { result: await take(response, url.href) };
    const first = await this.#request(() => make(shown), tryIt, options);
    if (!("challenge" in first)) return first.result;
    const authorization = await this.#answer(first.challenge, options);
    this.#authorization = authorization;
    return this.#request(
      () => make(authorization),
      async (response) => {
        if (response.status === 401) throw refusal(response);
        return take(response, url.href);
      },
      options,
    );
  }

  /** What a challenge is to be answered with. @throws UNAUTHORIZED */
  async #answer(challenge: string, options: AskOptions): Promise<string> {
    const { credentials } = this.#options;
    const basic = credentials && `Basic ${base64Of(`${credentials.username}:${credentials.password}`)}`;
    const [, kind = "", words = ""] = /^\s*(\w+)\s*(.*)$/s.exec(challenge) ?? [];
    if (kind.toLowerCase() === "basic" && basic !== undefined) return basic;
    const realm = /\brealm="([^"]*)"/.exec(words)?.[1] ?? "";
    if (kind.toLowerCase() !== "bearer" || !URL.canParse(realm))
      throw new SyncError("UNAUTHORIZED", "the registry asks for credentials");
    return `Bearer ${await this.#token(new URL(realm), words, basic, options)}`;
  }

  /** A token of where a registry sends its clients for one. @throws UNAUTHORIZED, UPSTREAM */
  async #token(realm: URL, words: string, basic: string | undefined, options: AskOptions): Promise<string> {
    const isSafe = realm.protocol === "https:" || realm.protocol === this.base.protocol;
    if (!isSafe || !/^https?:$/.test(realm.protocol))
      throw new SyncError("UNAUTHORIZED", `the registry asks for a token of ${realm.origin}`);
    const service = /\bservice="([^"]*)"/.exec(words)?.[1];
    if (service !== undefined) realm.searchParams.set("service", service);
    realm.searchParams.set("scope", `repository:${this.#name}:pull,push,delete`);
    const headers = basic === undefined ? {} : { authorization: basic };
    const make = async () => ({ url: realm.href, init: { headers } });
    const take = async (response: Answer): Promise<unknown> => {
      if (response.status !== 200) throw refusal(response);
      return jsonOf(response);
    };
    const answer = (await this.#request(make, take, options)) as Record<string, unknown> | null;
    const token = answer?.["token"] ?? answer?.["access_token"];
    if (typeof token === "string" && /^[\x21-\x7e]+$/.test(token)) return token;
    throw new SyncError("UPSTREAM", `${realm.origin} gives no token`);
  }
}

/** An answer in JSON. @throws LIMIT, UPSTREAM */
export async function jsonOf(response: Answer): Promise<unknown> {
  const text = new TextDecoder().decode(await bodyOf(response, ociLimits.registryAnswerBytes));
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new SyncError("UPSTREAM", "the registry answers something else than JSON", { cause });
  }
}

function base64Of(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}
