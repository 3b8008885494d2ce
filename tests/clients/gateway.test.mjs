// The official openai and @anthropic-ai/sdk clients, unmodified, through `squall gateway` to mocks
// that fail: where the client alone gets garbage or an exception, through the gateway it gets a
// right answer from the provider that is healthy, or, where none is, a clear error in time.
import assert from "node:assert/strict";
import { it } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { always, failureOf, group } from "./asking.mjs";
import { gateway } from "./gateway.mjs";

const options = { apiKey: "sk-test", maxRetries: 0, logLevel: "off", timeout: 10_000 };
const prompt = [{ role: "user", content: "Say hello." }];

const openai = {
  name: "openai",
  faulty: "openai",
  spare: ["azure", "anthropic", "gemini"],
  error: OpenAI.APIError,
  make: (url) => new OpenAI({ ...options, baseURL: `${url}/v1` }),
  async whole(client) {
    const reply = await client.chat.completions.create({ model: "any", messages: prompt });
    assert.equal(reply.choices[0].finish_reason, "stop");
    assert.ok(reply.usage.total_tokens > 0);
    return reply.choices[0].message.content;
  },
  async streamed(client) {
    const stream = await client.chat.completions.create({
      model: "any",
      messages: prompt,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = "";
    let finish = null;
    let usage = null;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? "";
      finish = chunk.choices[0]?.finish_reason ?? finish;
      usage = chunk.usage ?? usage;
    }
    assert.equal(finish, "stop");
    assert.ok(usage.total_tokens > 0);
    return text;
  },
};

const anthropic = {
  name: "anthropic",
  faulty: "anthropic",
  spare: ["openai", "gemini"],
  error: Anthropic.APIError,
  make: (url) => new Anthropic({ ...options, baseURL: url }),
  async whole(client) {
    const reply = await client.messages.create({ model: "any", max_tokens: 500, messages: prompt });
    assert.equal(reply.stop_reason, "end_turn");
    assert.ok(reply.usage.output_tokens > 0);
    return reply.content[0].text;
  },
  async streamed(client) {
    const stream = client.messages.stream({ model: "any", max_tokens: 500, messages: prompt });
    const message = await stream.finalMessage();
    assert.equal(message.stop_reason, "end_turn");
    assert.ok(message.usage.output_tokens > 0);
    return message.content[0].text;
  },
};

// Faults of a reply in one piece, and of a stream.
const wholeFaults = [
  ["empty_body", "content_length_0"],
  ["empty_body", "chunked"],
  ["empty_content"],
  ["malformed_json", "unbalanced"],
  ["malformed_json", "stray_text"],
  ["truncated", "cut"],
  ["connection_reset", "mid_body"],
  ["connection_reset", "before_headers"],
  ["timeout", "hang"],
  ["server_error", "500"],
  ["server_error", "502"],
  ["rate_limit", "without_hint"],
  ["quota_exhausted"],
  ["auth_failure", "revoked_key"],
];
const streamFaults = [
  ["truncated", "cut"],
  ["truncated", "no_terminal"],
  ["connection_reset", "mid_body"],
  ["malformed_json", "unbalanced"],
  ["server_error", "error_event"],
  ["server_error", "error_event_first"],
  ["server_error", "503"],
  ["empty_body", "content_length_0"],
  ["timeout", "hang"],
];

const faultOf = ([fault, variant]) => always(fault, variant)["/faults"];

for (const api of [openai, anthropic]) {
  group(`gateway: ${api.name}`, () => {
    const rows = [
      ...wholeFaults.map((row) => [row, "whole"]),
      ...streamFaults.map((row) => [row, "streamed"]),
    ];
    for (const [row, how] of rows) {
      it(`${row.join(" ")}, ${how}: a right answer from elsewhere`, async (t) => {
        const to = await gateway(t, {
          faulty: [api.faulty],
          healthy: api.spare.slice(0, 1),
          fault: faultOf(row),
        });
        const text = await api[how](api.make(to.url));
        assert.ok(text.length > 0, "an answer");
        assert.deepEqual(await to.stop(), [0, 0]);
      });
    }
    for (const how of ["whole", "streamed"]) {
      it(`every provider down, ${how}: a clear error in time`, async (t) => {
        const to = await gateway(t, {
          faulty: [api.faulty, ...api.spare.slice(0, 1)],
          healthy: [],
          fault: faultOf(["server_error", "500"]),
        });
        const began = performance.now();
        const error = await failureOf(api[how](api.make(to.url)));
        assert.ok(error instanceof api.error, `${error}`);
        assert.equal(error.status, 502);
        assert.match(`${error.headers.get("x-request-id")}`, /^req_/);
        assert.ok(performance.now() - began < 5000);
        assert.deepEqual(await to.stop(), [0, 0]);
      });
    }
    it("answers of every other dialect are read by the client", async (t) => {
      for (const name of api.spare) {
        const to = await gateway(t, { faulty: [], healthy: [name], fault: {} });
        assert.ok((await api.whole(api.make(to.url))).length > 0, name);
        assert.ok((await api.streamed(api.make(to.url))).length > 0, name);
        await to.stop();
      }
    });
  });
}

group("gateway: models and keys", () => {
  it("lists models for both clients", async (t) => {
    const to = await gateway(t, { faulty: [], healthy: ["openai"], fault: {} });
    const ids = [];
    for await (const model of openai.make(to.url).models.list()) ids.push(model.id);
    for await (const model of anthropic.make(to.url).models.list()) ids.push(model.id);
    assert.deepEqual(ids, ["any", "any"]);
    await to.stop();
  });
  it("a wrong key and an unknown model are the clients' own exceptions", async (t) => {
    process.env.SQUALL_CLIENT_TEST_KEY = "right";
    const to = await gateway(t, {
      faulty: [],
      healthy: ["openai"],
      fault: {},
      config: { keys: [{ name: "a", secret: { env: "SQUALL_CLIENT_TEST_KEY" } }] },
    });
    const wrong = await failureOf(openai.whole(openai.make(to.url)));
    assert.equal(wrong.constructor, OpenAI.AuthenticationError);
    const other = await failureOf(anthropic.whole(anthropic.make(to.url)));
    assert.equal(other.constructor, Anthropic.AuthenticationError);
    const client = new OpenAI({ ...options, apiKey: "right", baseURL: `${to.url}/v1` });
    assert.ok((await openai.whole(client)).length > 0);
    const missing = await failureOf(
      client.chat.completions.create({ model: "none", messages: prompt }),
    );
    assert.equal(missing.constructor, OpenAI.NotFoundError);
    assert.equal(missing.code, "model_not_found");
    await to.stop();
  });
});
