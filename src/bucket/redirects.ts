import type { Call } from "./answer.ts";

const redirectStatuses = new Set([301, 302, 303, 307, 308]);
const maxRedirectCount = 5;

/**
 * What makes requests whose headers are for one server alone: where that leads on to another one,
 * they are left out. Requests that say what to do with redirects are made as they are.
 */
export function keepingHeaders(call: Call): Call {
  return async (input, init = {}) => {
    if (init.redirect !== undefined) return call(input, init);
    const { headers = {}, ...rest } = init;
    const { origin } = new URL(input);
    let url = input;
    for (let count = 0; ; count++) {
      const shown = new URL(url).origin === origin ? headers : {};
      const answer = await call(url, { ...rest, headers: shown, redirect: "manual" });
      const next = redirectStatuses.has(answer.status) ? answer.headers.get("location") : null;
      if (next === null || count === maxRedirectCount) return answer;
      await answer.body?.cancel();
      url = new URL(next, url).href;
    }
  };
}
