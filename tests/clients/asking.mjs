// What the tests of all clients share: servers whose every reply has one fault, what a client
// really sent, and what its documentation says it does about each failure.
//
// The clients of OpenAI and Anthropic come from one generator and document one behaviour: two
// retries by default, of connection errors, timeouts, 408, 409, 429 and from 500 on; waits of
// 0.5 s * 2^n up to 8 s less up to a quarter; Retry-After and retry-after-ms obeyed below a minute.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { serve } from "./serve.mjs";

// Tests mostly wait, so those of one group run side by side.
export function group(name, body) {
  describe(name, { concurrency: 8 }, body);
}

// Every request meets the fault, at every attempt.
export function always(fault, variant, more = {}) {
  const row = { rate: 1, request_bound: 1, retry_after_present: 0, ...more };
  if (variant) row.variants = { [variant]: 1 };
  return { "/faults": { [fault]: row } };
}

export const healthy = { "/faults": {} };

// A fetch that notes when each request went over the wire.
export function counting() {
  const sent = [];
  return {
    sent,
    gaps: () => sent.slice(1).map((at, i) => at - sent[i]),
    fetch: (target, init) => {
      sent.push(performance.now());
      return fetch(target, init);
    },
  };
}

// Base URLs as users of the official hosts know them: some with the version, some without.
export const root = (url) => url.replace(/\/v1$/, "");

// Runs `body({url, client, sent, gaps})` against scenario `dialects` with `sets`, then ends the
// server.
export async function against(t, api, sets, options, body) {
  const server = await serve(t, "dialects", sets);
  const { sent, gaps, fetch } = counting();
  const client = api.make(server.urls[api.provider], {
    apiKey: "sk-test",
    maxRetries: 1,
    logLevel: "off",
    ...options,
    fetch,
  });
  await body({ url: server.urls[api.provider], client, sent, gaps });
  assert.equal(await server.stop(), 0);
}

export async function failureOf(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return assert.fail("no failure");
}

// The numbers of one failed call, by name of the client's exception.
const refusals = [
  { fault: "refusal", variant: "prompt_blocked", error: "BadRequestError", status: 400, sent: 1 },
  { fault: "context_length_exceeded", variant: "too_long", error: "BadRequestError", status: 400,
    sent: 1 },
  { fault: "context_length_exceeded", variant: "payload_too_large", error: "APIError", status: 413,
    sent: 1 },
  { fault: "invalid_request", variant: "unsupported_value", error: "BadRequestError", status: 400,
    sent: 1 },
  { fault: "auth_failure", variant: "revoked_key", error: "AuthenticationError", status: 401,
    sent: 1 },
  { fault: "permission_denied", variant: "region", error: "PermissionDeniedError", status: 403,
    sent: 1 },
  { fault: "rate_limit", variant: "without_hint", error: "RateLimitError", status: 429, sent: 2 },
  { fault: "server_error", variant: "500", error: "InternalServerError", status: 500, sent: 2 },
  { fault: "server_error", variant: "502", error: "InternalServerError", status: 502, sent: 2 },
  { fault: "server_error", variant: "503", error: "InternalServerError", status: 503, sent: 2 },
  { fault: "server_error", variant: "504", error: "InternalServerError", status: 504, sent: 2 },
  { fault: "server_error", variant: "529", error: "InternalServerError", status: 529, sent: 2 },
  { fault: "connection_reset", variant: "before_headers", error: "APIConnectionError", sent: 2 },
  { fault: "timeout", variant: "hang", error: "APIConnectionTimeoutError", sent: 2 },
];

// A reply in one piece that breaks after its 200 is not retried, and no exception of the client's.
const breaks = [
  { fault: "truncated", variant: "cut", error: TypeError },
  { fault: "connection_reset", variant: "mid_body", error: TypeError },
  { fault: "empty_body", variant: "chunked", error: SyntaxError },
  { fault: "empty_body", variant: "content_length_0", error: SyntaxError },
  { fault: "malformed_json", variant: "unbalanced", error: SyntaxError },
  { fault: "malformed_json", variant: "stray_text", error: SyntaxError },
];

// What the client makes of a wait in each form: it waits that long, or as if there were none.
const hintForms = [
  { hint: "milliseconds", retry_after: "250ms", obeyed: true },
  { hint: "fraction", retry_after: "1250ms", obeyed: true },
  { hint: "seconds", retry_after: "1s", obeyed: true },
  { hint: "disagree", retry_after: "1s", obeyed: true },
  { hint: "body", retry_after: "3s", obeyed: false },
  { hint: "reset", retry_after: "3s", obeyed: false },
  { hint: "ninety_seconds", retry_after: "1s", obeyed: false },
  { hint: "zero", retry_after: "1s", obeyed: false },
  { hint: "negative", retry_after: "1s", obeyed: false },
];

// Streams in forms that say the same: the client reads the same events.
const shapes = ["split_character", "split_events", "merged_events", "crlf", "cr", "byte_order_mark",
                "multi_line_data", "no_space", "comments"];

// The same in a stream, read event by event. The reader's own exceptions pass through, and a stream
// without its end just ends.
const streamBreaks = [
  { fault: "truncated", variant: "cut", error: "TypeError" },
  { fault: "connection_reset", variant: "mid_body", error: "TypeError" },
  { fault: "malformed_json", variant: "unbalanced", error: "SyntaxError" },
  { fault: "server_error", variant: "error_event", error: "APIError" },
  { fault: "server_error", variant: "error_event_first", error: "APIError" },
  { fault: "truncated", variant: "no_terminal", error: undefined },
];

async function readAll(stream) {
  const events = [];
  try {
    for await (const event of await stream) events.push(event);
  } catch (error) {
    return { events, error };
  }
  return { events };
}

function checkWaits(gaps) {
  gaps.forEach((gap, n) => {
    const longest = 500 * 2 ** n;
    assert.ok(gap >= 0.75 * longest - 5, `wait ${n} was ${gap} ms`);
    assert.ok(gap < longest + 1500, `wait ${n} was ${gap} ms`);
  });
}

// Two groups of tests for an API that an official client of this kind speaks. `api` holds its name,
// its provider in `dialects`, make(url, options), its exceptions, the hints that its mock can tell,
// whole(client, prompt, more) and events(client, prompt): the call in one piece, in raw events. A
// `full` one stands for those whose client and mock read and write with the same code.
export function failures(api) {
  group(`${api.name}: failures`, () => {
    for (const row of refusals) {
      if (api.without === row.variant) continue;
      it(`${row.fault} ${row.variant} is ${row.error}, sent ${row.sent} times`, async (t) => {
        const options = row.fault === "timeout" ? { timeout: 300 } : {};
        await against(t, api, always(row.fault, row.variant), options, async (to) => {
          const error = await failureOf(api.whole(to.client));
          assert.equal(error.constructor, api.errors[row.error], `${error}`);
          assert.equal(error.status, row.status);
          assert.equal(to.sent.length, row.sent);
        });
      });
    }
    for (const row of breaks) {
      it(`${row.fault} ${row.variant} is ${row.error.name}, sent once`, async (t) => {
        await against(t, api, always(row.fault, row.variant), {}, async (to) => {
          const error = await failureOf(api.whole(to.client));
          assert.equal(error.constructor, row.error, `${error}`);
          assert.equal(to.sent.length, 1);
        });
      });
    }
    it("three attempts by default, with the documented waits", async (t) => {
      const options = { maxRetries: undefined };
      await against(t, api, always("server_error", "500"), options, async (to) => {
        await failureOf(api.whole(to.client));
        assert.equal(to.sent.length, 3);
        checkWaits(to.gaps());
      });
    });
    it("a hint above a minute is not obeyed", async (t) => {
      const more = { retry_after: "90s" };
      await against(t, api, always("rate_limit", "with_hint", more), {}, async (to) => {
        const error = await failureOf(api.whole(to.client));
        assert.equal(error.status, 429);
        assert.equal(to.sent.length, 2);
        checkWaits(to.gaps());
      });
    });
    for (const hint of api.hints) {
      it(`a hint of ${hint} is what the client waits for`, async (t) => {
        const [header, unit] = hint.endsWith("ms") ? ["retry-after-ms", 1] : ["retry-after", 1000];
        const wait = parseInt(hint) * unit;
        const more = { retry_after: hint };
        await against(t, api, always("rate_limit", "with_hint", more), {}, async (to) => {
          const error = await failureOf(api.whole(to.client));
          assert.equal(error.headers.get(header), `${parseInt(hint)}`);
          assert.equal(to.sent.length, 2);
          const [gap] = to.gaps();
          assert.ok(gap >= wait - 5 && gap < wait + 1500, `waited ${gap} ms`);
        });
      });
    }
    for (const { hint, retry_after, obeyed } of api.full ? hintForms : []) {
      it(`a hint in the form ${hint} is ${obeyed ? "" : "not "}obeyed`, async (t) => {
        const more = { retry_after, hint, retry_after_present: 1 };
        await against(t, api, always("rate_limit", "with_hint", more), {}, async (to) => {
          await failureOf(api.whole(to.client));
          assert.equal(to.sent.length, 2);
          if (!obeyed) return checkWaits(to.gaps());
          const wait = parseInt(retry_after) * (retry_after.endsWith("ms") ? 1 : 1000);
          const [gap] = to.gaps();
          assert.ok(gap >= wait - 5 && gap < wait + 1500, `waited ${gap} ms`);
        });
      });
    }
    it("a body above the server's bound is 413, sent once", async (t) => {
      await against(t, api, healthy, {}, async (to) => {
        const error = await failureOf(api.whole(to.client, "long ".repeat(1_700_000)));
        assert.equal(error.status, 413, `${error}`);
        assert.equal(to.sent.length, 1);
      });
    });
  });

  group(`${api.name}: failures in a stream`, () => {
    for (const row of streamBreaks) {
      if (api.errorsHaveTwoForms && row.error === "APIError") continue; // tested by themselves
      const outcome = row.error ?? "an end like any other";
      it(`${row.fault} ${row.variant} is ${outcome}, sent once`, async (t) => {
        await against(t, api, always(row.fault, row.variant), {}, async (to) => {
          const { events, error } = await readAll(api.events(to.client));
          const expected = row.error && (api.errors[row.error] ?? globalThis[row.error]);
          assert.equal(error?.constructor, expected, `${error}`);
          assert.equal(error?.status, undefined);
          assert.equal(events.length > 0, row.variant !== "error_event_first");
          assert.equal(to.sent.length, 1);
        });
      });
    }
    for (const shape of api.full ? shapes : []) {
      it(`the shape ${shape} changes no event`, async (t) => {
        const read = async (sets) => {
          let events;
          await against(t, api, sets, {}, async ({ client }) => {
            const got = await readAll(api.events(client));
            assert.equal(got.error, undefined, `${got.error}`);
            events = got.events;
          });
          return JSON.stringify(events).replace(/"created(_at)?":\d+/g, "");
        };
        assert.equal(await read(always("stream_shape", shape)), await read(healthy));
      });
    }
    it("a refusal before the stream is retried like any other", async (t) => {
      await against(t, api, always("server_error", "503"), {}, async (to) => {
        const { events, error } = await readAll(api.events(to.client));
        assert.equal(error.constructor, api.errors.InternalServerError, `${error}`);
        assert.equal(events.length, 0);
        assert.equal(to.sent.length, 2);
      });
    });
    it("a stall is not noticed by the client's timeout, and ends when it aborts", async (t) => {
      await against(t, api, always("timeout", "stall"), { timeout: 300 }, async (to) => {
        const stream = await api.events(to.client);
        setTimeout(() => stream.controller.abort(), 900);
        const started = performance.now();
        const { events, error } = await readAll(stream);
        assert.equal(error, undefined);
        assert.ok(events.length > 0);
        assert.ok(performance.now() - started >= 890);
      });
    });
  });
}

// ---- tools ----

export const weather = {
  name: "get_weather",
  description: "Forecast for a city.",
  schema: {
    type: "object",
    properties: {
      city: { type: "string", minLength: 2 },
      unit: { type: "string", enum: ["celsius", "fahrenheit"] },
      days: { type: "integer", minimum: 2, maximum: 7 },
      fields: { type: "array", items: { type: "string" }, minItems: 1 },
    },
    required: ["city", "unit", "days", "fields"],
    additionalProperties: false,
  },
};

export function checkWeather(input) {
  assert.deepEqual(Object.keys(input).sort(), ["city", "days", "fields", "unit"]);
  assert.ok(typeof input.city === "string" && input.city.length >= 2);
  assert.ok(["celsius", "fahrenheit"].includes(input.unit));
  assert.ok(Number.isInteger(input.days) && input.days >= 2 && input.days <= 7);
  assert.ok(input.fields.length >= 1 && input.fields.every((f) => typeof f === "string"));
}
