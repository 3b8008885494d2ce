// The official Anthropic client, unmodified, meets squall's mock: it must not be able to tell.
import assert from "node:assert/strict";
import { it } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import { against, always, checkWeather, failureOf, failures, group, healthy, root, weather } from
  "./asking.mjs";

const params = (prompt = "Say hello.") => ({
  model: "anthropic-large",
  max_tokens: 200,
  messages: [{ role: "user", content: prompt }],
});
const api = {
  name: "anthropic",
  provider: "anthropic",
  make: (url, o) => new Anthropic({ ...o, baseURL: root(url) }),
  errors: Anthropic,
  hints: ["1s"],
  full: true,
  whole: (client, prompt, more) => client.messages.create({ ...params(prompt), ...more }),
  events: (client, prompt) => client.messages.create({ ...params(prompt), stream: true }),
  helper: (client, more) => client.messages.stream({ ...params(), ...more }),
};

const tools = [
  { name: weather.name, description: weather.description, input_schema: weather.schema },
];

group("anthropic", () => {
  it("a reply in one piece", async (t) => {
    await against(t, api, healthy, {}, async ({ client, sent }) => {
      const { data, response, request_id } = await api.whole(client).withResponse();
      assert.equal(sent.length, 1);
      assert.equal(data.type, "message");
      assert.equal(data.role, "assistant");
      assert.match(data.id, /^msg_01/);
      assert.equal(data.model, "anthropic-large");
      assert.equal(data.stop_reason, "end_turn");
      assert.equal(data.stop_sequence, null);
      assert.deepEqual(data.content.map((block) => block.type), ["text"]);
      assert.ok(data.usage.input_tokens > 0 && data.usage.output_tokens > 0);
      assert.match(request_id, /^req_011C/);
      assert.equal(data._request_id, request_id);
      assert.match(response.headers.get("anthropic-ratelimit-requests-limit"), /^\d+$/);
      const reset = response.headers.get("anthropic-ratelimit-requests-reset");
      assert.ok(!Number.isNaN(Date.parse(reset)), reset);
    });
  });
  it("a stream adds up to the reply in one piece", async (t) => {
    await against(t, api, healthy, {}, async ({ client }) => {
      const whole = await api.whole(client);
      const stream = api.helper(client);
      let text = "";
      stream.on("text", (delta, snapshot) => {
        text += delta;
        assert.equal(snapshot, text);
      });
      const final = await stream.finalMessage();
      assert.equal(await stream.finalText(), text);
      assert.equal(text, whole.content[0].text);
      assert.equal(final.stop_reason, "end_turn");
      assert.deepEqual(final.usage, whole.usage);
      assert.match(stream.request_id, /^req_011C/);
    });
  });
  it("events come in the documented order, pings between them", async (t) => {
    await against(t, api, healthy, {}, async ({ client }) => {
      const types = [];
      for await (const event of await api.events(client)) {
        if (types.at(-1) !== event.type) types.push(event.type);
      }
      assert.deepEqual(types, ["message_start", "content_block_start", "content_block_delta",
                               "content_block_stop", "message_delta", "message_stop"]);
    });
  });
  for (const choice of [{ type: "tool", name: weather.name }, { type: "any" }]) {
    it(`tool_choice ${choice.type} makes the model call the tool`, async (t) => {
      await against(t, api, healthy, {}, async ({ client }) => {
        const whole = await api.whole(client, undefined, { tools, tool_choice: choice });
        assert.equal(whole.stop_reason, "tool_use");
        const [call, ...others] = whole.content;
        assert.equal(others.length, 0);
        assert.equal(call.type, "tool_use");
        assert.match(call.id, /^toolu_01/);
        assert.equal(call.name, weather.name);
        checkWeather(call.input);

        const stream = api.helper(client, { tools, tool_choice: choice });
        let pieces = "";
        stream.on("streamEvent", (event) => {
          if (event.delta?.type === "input_json_delta") pieces += event.delta.partial_json;
        });
        const final = await stream.finalMessage();
        assert.equal(final.stop_reason, "tool_use");
        assert.deepEqual(final.content[0].input, JSON.parse(pieces));
        assert.deepEqual(final.content[0].input, call.input);
      });
    });
  }
  it("the conversation goes on after a tool was called", async (t) => {
    await against(t, api, healthy, {}, async ({ client }) => {
      const first = await api.whole(client, undefined, { tools, tool_choice: { type: "any" } });
      const result = { type: "tool_result", tool_use_id: first.content[0].id, content: "sunny" };
      const messages = [
        ...params().messages,
        { role: "assistant", content: first.content },
        { role: "user", content: [result] },
      ];
      const second = await api.whole(client, undefined, { messages, tools });
      assert.equal(second.content[0].type, "text");
    });
  });
  it("a bound on tokens ends with max_tokens", async (t) => {
    await against(t, api, healthy, {}, async ({ client }) => {
      const whole = await api.whole(client, undefined, { max_tokens: 5 });
      assert.equal(whole.stop_reason, "max_tokens");
      assert.equal(whole.usage.output_tokens, 5);
      const final = await api.helper(client, { max_tokens: 5 }).finalMessage();
      assert.equal(final.stop_reason, "max_tokens");
      assert.deepEqual(final.content[0].text, whole.content[0].text);
    });
  });
  it("a refusal is a message without content", async (t) => {
    await against(t, api, always("refusal", "refused"), {}, async ({ client }) => {
      for (const message of [await api.whole(client), await api.helper(client).finalMessage()]) {
        assert.equal(message.stop_reason, "refusal");
        assert.deepEqual(message.content, []);
      }
    });
  });
  it("the stream helper notices what the events alone do not", async (t) => {
    await against(t, api, always("truncated", "no_terminal"), {}, async ({ client }) => {
      const error = await failureOf(api.helper(client).finalMessage());
      assert.equal(error.constructor, Anthropic.AnthropicError);
      assert.match(error.message, /^stream ended without producing a Message/);
    });
  });
  it("an error in a stream is told in the envelope of errors", async (t) => {
    await against(t, api, always("server_error", "error_event"), {}, async ({ client, sent }) => {
      const error = await failureOf(api.helper(client).finalMessage());
      assert.equal(error.constructor, Anthropic.APIError);
      assert.equal(error.error.type, "error");
      assert.equal(error.error.error.type, "api_error");
      assert.equal(sent.length, 1);
    });
  });
  it("errors carry their type and the request id", async (t) => {
    await against(t, api, always("server_error", "529"), {}, async ({ client }) => {
      const error = await failureOf(api.whole(client));
      assert.equal(error.error.error.type, "overloaded_error");
      assert.match(error.requestID, /^req_011C/);
      assert.equal(error.error.request_id, error.requestID);
    });
  });
  it("an unknown model is NotFoundError", async (t) => {
    await against(t, api, healthy, {}, async ({ client, sent }) => {
      const error = await failureOf(api.whole(client, undefined, { model: "nobody" }));
      assert.equal(error.constructor, Anthropic.NotFoundError);
      assert.equal(error.error.error.type, "not_found_error");
      assert.equal(sent.length, 1);
    });
  });
  it("without a credential it is AuthenticationError", async (t) => {
    const options = { defaultHeaders: { "x-api-key": null } };
    await against(t, api, healthy, options, async ({ client, sent }) => {
      const error = await failureOf(api.whole(client));
      assert.equal(error.constructor, Anthropic.AuthenticationError);
      assert.equal(error.error.error.type, "authentication_error");
      assert.equal(sent.length, 1);
    });
  });
  it("what is no request is BadRequestError", async (t) => {
    await against(t, api, healthy, {}, async ({ client, sent }) => {
      const error = await failureOf(api.whole(client, undefined, { messages: [] }));
      assert.equal(error.constructor, Anthropic.BadRequestError);
      assert.equal(error.error.error.message, "messages: at least one message is required");
      assert.equal(sent.length, 1);
    });
  });
  it("no money is 400 or 429 with the reason in its details", async (t) => {
    await against(t, api, always("quota_exhausted"), { maxRetries: 0 }, async ({ client }) => {
      const seen = new Set();
      for (let i = 0; i < 40 && seen.size < 2; ++i) {
        const error = await failureOf(api.whole(client, `Say ${i}.`));
        seen.add(error.status);
        assert.equal(error.headers.get("retry-after"), null);
        if (error.status === 400) assert.match(error.message, /Your credit balance is too low/);
        else assert.equal(error.error.error.details.error_code, "enforced_spend_limit_reached");
      }
      assert.deepEqual([...seen].sort(), [400, 429]);
    });
  });
});

failures(api);
