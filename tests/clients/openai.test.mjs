// The official openai client, unmodified, meets squall's mock: it must not be able to tell.
import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI from "openai";
import { serve } from "./serve.mjs";

const question = { model: "alpha-large", messages: [{ role: "user", content: "Say hello." }] };

// Sends `question` and counts what really went over the wire, with the time between attempts.
async function ask(url, options = {}) {
  const sent = [];
  const client = new OpenAI({
    apiKey: "sk-test",
    baseURL: url,
    ...options,
    fetch: (target, init) => {
      sent.push(performance.now());
      return fetch(target, init);
    },
  });
  const outcome = { sent };
  try {
    outcome.reply = await client.chat.completions.create(question);
  } catch (error) {
    outcome.error = error;
  }
  outcome.gaps = sent.slice(1).map((at, i) => at - sent[i]);
  return outcome;
}

// Every request meets the fault, at every attempt.
const always = (fault, more = {}) => ({
  "/faults": { [fault]: { rate: 1, request_bound: 1, ...more } },
});

test("a healthy reply is a completion", async (t) => {
  const server = await serve(t, "production-10k", { "/faults": {} });
  const { reply, error, sent } = await ask(server.urls.alpha);
  assert.equal(error, undefined);
  assert.equal(sent.length, 1);
  assert.equal(reply.object, "chat.completion");
  assert.match(reply.id, /^chatcmpl-/);
  assert.match(reply._request_id, /^req_[0-9a-f]{32}$/);
  assert.equal(reply.choices[0].finish_reason, "stop");
  assert.ok(reply.choices[0].message.content.length > 0);
  assert.equal(reply.usage.total_tokens, reply.usage.prompt_tokens + reply.usage.completion_tokens);
  assert.equal(await server.stop(), 0);
});

// What the client documents: two retries after connection errors, 408, 409, 429 and from 500 on, with
// waits of 0.5 s and 1 s less up to a quarter, or what Retry-After says.
const rows = [
  { fault: "rate_limit", variants: { without_hint: 1 }, error: OpenAI.RateLimitError, sent: 3 },
  { fault: "server_error", variants: { 500: 1 }, error: OpenAI.InternalServerError, sent: 3 },
  { fault: "server_error", variants: { 502: 1 }, error: OpenAI.InternalServerError, sent: 3 },
  { fault: "server_error", variants: { 529: 1 }, error: OpenAI.InternalServerError, sent: 3 },
  { fault: "connection_reset", error: OpenAI.APIConnectionError, sent: 3,
    variants: { before_headers: 1 } },
];
for (const row of rows) {
  const name = `${row.fault} ${Object.keys(row.variants)[0]}`;
  test(`${name} is ${row.error.name} after ${row.sent} attempts`, async (t) => {
    const more = { variants: row.variants, retry_after_present: 0 };
    const server = await serve(t, "production-10k", always(row.fault, more));
    const { error, sent, gaps } = await ask(server.urls.alpha);
    assert.ok(error instanceof row.error, `got ${error?.constructor?.name}: ${error?.message}`);
    assert.equal(sent.length, row.sent);
    assert.ok(gaps[0] >= 370 && gaps[0] < 1500, `first wait ${gaps[0]} ms`);
    assert.ok(gaps[1] >= 740 && gaps[1] < 2500, `second wait ${gaps[1]} ms`);
    assert.equal(await server.stop(), 0);
  });
}

test("Retry-After is what the client waits for", async (t) => {
  const more = { variants: { with_hint: 1 }, retry_after_present: 1, retry_after: "1s" };
  const server = await serve(t, "production-10k", always("rate_limit", more));
  const { error, sent, gaps } = await ask(server.urls.alpha);
  assert.ok(error instanceof OpenAI.RateLimitError);
  assert.equal(error.status, 429);
  assert.equal(error.code, "rate_limit_exceeded");
  assert.equal(sent.length, 3);
  for (const gap of gaps) assert.ok(gap >= 990 && gap < 2000, `waited ${gap} ms`);
  assert.equal(await server.stop(), 0);
});

test("a hanging reply is APIConnectionTimeoutError", async (t) => {
  const server = await serve(t, "production-10k", always("timeout"));
  const { error, sent } = await ask(server.urls.alpha, { timeout: 300, maxRetries: 1 });
  assert.ok(error instanceof OpenAI.APIConnectionTimeoutError);
  assert.equal(sent.length, 2);
  assert.equal(await server.stop(), 0);
});

test("an unknown model is NotFoundError and is not retried", async (t) => {
  const models = [{ name: "another-model" }];
  const server = await serve(t, "production-10k", { "/faults": {}, "/providers/0/models": models });
  const { error, sent } = await ask(server.urls.alpha);
  assert.ok(error instanceof OpenAI.NotFoundError, `got ${error}`);
  assert.equal(error.code, "model_not_found");
  assert.equal(sent.length, 1);
  assert.equal(await server.stop(), 0);
});

test("an empty answer passes for a success, which is why answers need a guard", async (t) => {
  const server = await serve(t, "production-10k", always("empty_content"));
  const { reply, error } = await ask(server.urls.alpha);
  assert.equal(error, undefined);
  assert.ok(!reply.choices[0].message.content);
  assert.equal(await server.stop(), 0);
});
