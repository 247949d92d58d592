import { expect, test } from "vitest";
import { refusal } from "../../../src/bucket/requests.ts";

test.each([
  ['Bearer error="invalid_token"', "the server answers 401: the token is not known there"],
  ["Bearer", "the server answers 401: a token is needed"],
  ['Basic realm="x"', "the server answers 401"],
  [undefined, "the server answers 401"],
])("a refusal says what there is about a token (%s)", (asked, message) => {
  const headers = new Headers(asked === undefined ? {} : { "www-authenticate": asked });
  expect(refusal(new Response("", { status: 401, headers }))).toMatchObject({
    code: "UNAUTHORIZED",
    message,
  });
});
