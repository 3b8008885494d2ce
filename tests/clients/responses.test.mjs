// The official openai client, unmodified, meets squall's mock of OpenAI's Responses API.
import assert from "node:assert/strict";
import { it } from "node:test";
import OpenAI from "openai";
import { against, always, checkWeather, failureOf, failures, group, healthy, weather } from
  "./asking.mjs";

const api = {
  name: "responses",
  provider: "responses",
  model: "responses-large",
  make: (url, o) => new OpenAI({ ...o, baseURL: url }),
  errors: OpenAI,
  hints: ["250ms"],
  full: true,
  errorsHaveTwoForms: true,
  whole: (client, prompt = "Say hello.", more = {}) =>
    client.responses.create({ model: api.model, input: prompt, ...more }),
  events: (client, prompt = "Say hello.") =>
    client.responses.create({ model: api.model, input: prompt, stream: true }),
  helper: (client, more = {}) =>
    client.responses.stream({ model: api.model, input: "Say hello.", ...more }),
};

const tools = [
  {
    type: "function",
    name: weather.name,
    description: weather.description,
    parameters: weather.schema,
    strict: true,
  },
];

group("responses", () => {
  it("a reply in one piece", async (t) => {
    await against(t, api, healthy, {}, async ({ client, sent }) => {
      const { data, request_id } = await api.whole(client).withResponse();
      assert.equal(sent.length, 1);
      assert.equal(data.object, "response");
      assert.match(data.id, /^resp_/);
      assert.equal(data.status, "completed");
      assert.equal(data.model, api.model);
      assert.equal(data.error, null);
      assert.ok(data.output_text.length > 0);
      assert.equal(data.output[0].type, "message");
      assert.equal(data.output[0].status, "completed");
      assert.equal(data.usage.total_tokens, data.usage.input_tokens + data.usage.output_tokens);
      assert.match(request_id, /^req_[0-9a-f]{32}$/);
    });
  });
  it("a stream adds up to the reply in one piece", async (t) => {
    await against(t, api, healthy, {}, async ({ client }) => {
      const whole = await api.whole(client);
      const stream = api.helper(client);
      let text = "";
      const numbers = [];
      stream.on("response.output_text.delta", (event) => {
        text += event.delta;
        assert.equal(event.snapshot, text);
      });
      stream.on("event", (event) => numbers.push(event.sequence_number));
      const final = await stream.finalResponse();
      assert.equal(final.output[0].content[0].text, text);
      assert.equal(text, whole.output_text);
      assert.equal(final.status, "completed");
      assert.deepEqual(final.usage, whole.usage);
      assert.deepEqual(numbers, numbers.map((_, i) => i));
    });
  });
  for (const choice of [{ type: "function", name: weather.name }, "required"]) {
    it(`a tool that is ${choice.type ? "named" : choice} is called in full`, async (t) => {
      await against(t, api, healthy, {}, async ({ client }) => {
        const whole = await api.whole(client, undefined, { tools, tool_choice: choice });
        const [call, ...others] = whole.output;
        assert.equal(others.length, 0);
        assert.equal(call.type, "function_call");
        assert.equal(call.name, weather.name);
        assert.match(call.call_id, /^call_/);
        checkWeather(JSON.parse(call.arguments));

        const stream = api.helper(client, { tools, tool_choice: choice });
        let pieces = "";
        let done;
        stream.on("response.function_call_arguments.delta", (event) => (pieces += event.delta));
        stream.on("response.function_call_arguments.done", (event) => (done = event));
        const final = await stream.finalResponse();
        assert.equal(final.output[0].arguments, pieces);
        assert.equal(done.arguments, pieces);
        assert.equal(done.item_id, final.output[0].id);
        checkWeather(JSON.parse(pieces));
      });
    });
  }
  it("the conversation goes on after a tool was called", async (t) => {
    await against(t, api, healthy, {}, async ({ client }) => {
      const first = await api.whole(client, undefined, { tools, tool_choice: "required" });
      const call = first.output[0];
      const result = { type: "function_call_output", call_id: call.call_id, output: "sunny" };
      const input = [{ role: "user", content: "Weather?" }, call, result];
      assert.ok((await api.whole(client, input, { tools })).output_text.length > 0);
    });
  });
  it("an answer held to a schema parses", async (t) => {
    await against(t, api, healthy, {}, async ({ client }) => {
      const format = { type: "json_schema", name: "weather", strict: true, schema: weather.schema };
      const input = "Weather?";
      const reply = await client.responses.parse({ model: api.model, input, text: { format } });
      checkWeather(reply.output_parsed);
    });
  });
  it("a bound on tokens makes the response incomplete", async (t) => {
    await against(t, api, healthy, {}, async ({ client }) => {
      const more = { max_output_tokens: 16 };
      const whole = await api.whole(client, undefined, more);
      assert.equal(whole.status, "incomplete");
      assert.equal(whole.incomplete_details.reason, "max_output_tokens");
      let last;
      const stream = await api.whole(client, undefined, { ...more, stream: true });
      for await (const event of stream) last = event;
      assert.equal(last.type, "response.incomplete");
      assert.equal(last.response.usage.output_tokens, 16);
    });
  });
  it("a refusal is a success that says no", async (t) => {
    await against(t, api, always("refusal", "refused"), {}, async ({ client }) => {
      const [part] = (await api.whole(client)).output[0].content;
      assert.equal(part.type, "refusal");
      const final = await api.helper(client).finalResponse();
      assert.equal(final.output[0].content[0].refusal, part.refusal);
    });
  });
  it("a stream without its end is a response in progress, which nobody notices", async (t) => {
    await against(t, api, always("truncated", "no_terminal"), {}, async ({ client }) => {
      assert.equal((await api.helper(client).finalResponse()).status, "in_progress");
    });
  });
  for (const variant of ["error_event", "error_event_first"]) {
    it(`${variant} comes in both captured forms, of which one is an exception`, async (t) => {
      await against(t, api, always("server_error", variant), {}, async ({ client, sent }) => {
        const seen = { nested: 0, flat: 0 };
        for (let i = 0; i < 40 && (seen.nested === 0 || seen.flat === 0); ++i) {
          const types = [];
          try {
            for await (const event of await api.events(client, `Say ${i}.`)) types.push(event.type);
            assert.deepEqual(types.slice(-2), ["error", "response.failed"]);
            ++seen.flat;
          } catch (error) {
            assert.equal(error.constructor, OpenAI.APIError, `${error}`);
            assert.equal(error.code, "server_error");
            ++seen.nested;
          }
          assert.equal(types.includes("response.created"), variant === "error_event");
        }
        assert.ok(seen.nested > 0 && seen.flat > 0);
        assert.equal(sent.length, seen.nested + seen.flat);
      });
    });
  }
  it("an unknown model is BadRequestError", async (t) => {
    await against(t, api, healthy, {}, async ({ client, sent }) => {
      const error = await failureOf(api.whole(client, undefined, { model: "nobody" }));
      assert.equal(error.constructor, OpenAI.BadRequestError);
      assert.equal(error.code, "model_not_found");
      assert.equal(sent.length, 1);
    });
  });
  it("without a credential it is AuthenticationError", async (t) => {
    const options = { defaultHeaders: { Authorization: null } };
    await against(t, api, healthy, options, async ({ client, sent }) => {
      const error = await failureOf(api.whole(client));
      assert.equal(error.constructor, OpenAI.AuthenticationError);
      assert.equal(sent.length, 1);
    });
  });
});

failures(api);
