// The official openai client, unmodified, meets squall's mocks of chat completions: OpenAI's own,
// Azure's and DeepSeek's. It must not be able to tell.
import assert from "node:assert/strict";
import { it } from "node:test";
import OpenAI, { AzureOpenAI } from "openai";
import { against, always, checkWeather, failureOf, failures, group, healthy, root, weather } from
  "./asking.mjs";

const chat = (name, provider, make, more = {}) => {
  const model = `${provider}-large`;
  const params = (prompt = "Say hello.") => ({
    model,
    messages: [{ role: "user", content: prompt }],
  });
  return {
    name,
    provider,
    model,
    make,
    errors: OpenAI,
    whole: (client, prompt, extra) =>
      client.chat.completions.create({ ...params(prompt), ...extra }),
    events: (client, prompt) =>
      client.chat.completions.create({ ...params(prompt), stream: true }),
    helper: (client, extra) => client.chat.completions.stream({ ...params(), ...extra }),
    params,
    ...more,
  };
};

const openai = chat("openai", "openai", (url, o) => new OpenAI({ ...o, baseURL: url }), {
  hints: ["250ms", "1s"],
  full: true,
  id: /^chatcmpl-/,
  requestId: "x-request-id",
});
const azure = chat(
  "azure",
  "azure",
  (url, o) => new AzureOpenAI({ ...o, endpoint: root(url), apiVersion: "2024-10-21" }),
  { hints: ["300ms"], without: "529", id: /^chatcmpl-/, requestId: "apim-request-id" },
);
const deepseek = chat(
  "deepseek",
  "deepseek",
  (url, o) => new OpenAI({ ...o, baseURL: root(url) }),
  { hints: [], id: /^[0-9a-f-]{36}$/, requestId: "x-ds-trace-id" },
);

const tools = [
  {
    type: "function",
    function: { name: weather.name, description: weather.description, parameters: weather.schema },
  },
];
const byName = { type: "function", function: { name: weather.name } };

function checkUsage(usage) {
  assert.ok(usage.prompt_tokens > 0 && usage.completion_tokens > 0);
  assert.equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens);
}

for (const api of [openai, azure, deepseek]) {
  group(`${api.name}: chat completions`, () => {
    it("a reply in one piece", async (t) => {
      await against(t, api, healthy, {}, async ({ client, sent }) => {
        const { data, response } = await api.whole(client).withResponse();
        assert.equal(sent.length, 1);
        assert.equal(data.object, "chat.completion");
        assert.match(data.id, api.id);
        assert.equal(data.model, api.model);
        assert.equal(data.choices.length, 1);
        assert.equal(data.choices[0].finish_reason, "stop");
        assert.equal(data.choices[0].message.role, "assistant");
        assert.ok(data.choices[0].message.content.length > 0);
        checkUsage(data.usage);
        assert.ok(response.headers.get(api.requestId));
      });
    });
    it("a stream adds up to the reply in one piece", async (t) => {
      await against(t, api, healthy, {}, async ({ client }) => {
        const whole = await api.whole(client);
        const stream = api.helper(client, { stream_options: { include_usage: true } });
        let text = "";
        stream.on("content", (delta) => (text += delta));
        const final = await stream.finalChatCompletion();
        assert.equal(final.choices[0].message.content, text);
        assert.equal(text, whole.choices[0].message.content);
        assert.equal(final.choices[0].finish_reason, "stop");
        assert.equal(final.model, api.model);
        assert.match(final.id, api.id);
        assert.deepEqual(final.usage, whole.usage);
        assert.equal((await stream.totalUsage()).total_tokens, whole.usage.total_tokens);
      });
    });
    it("a bound on tokens ends with length", async (t) => {
      await against(t, api, healthy, {}, async ({ client }) => {
        const whole = await api.whole(client, undefined, { max_tokens: 5 });
        assert.equal(whole.choices[0].finish_reason, "length");
        assert.equal(whole.usage.completion_tokens, 5);
        const final = await api.helper(client, { max_tokens: 5 }).finalChatCompletion();
        assert.equal(final.choices[0].finish_reason, "length");
        assert.equal(final.choices[0].message.content, whole.choices[0].message.content);
      });
    });
    for (const [choice, finish] of [
      [byName, api === deepseek ? "tool_calls" : "stop"],
      ["required", "tool_calls"],
    ]) {
      it(`a tool that is ${choice.type ? "named" : choice} is called in full`, async (t) => {
        await against(t, api, healthy, {}, async ({ client }) => {
          const whole = await api.whole(client, undefined, { tools, tool_choice: choice });
          assert.equal(whole.choices[0].finish_reason, finish);
          assert.equal(whole.choices[0].message.content, null);
          const [call, ...others] = whole.choices[0].message.tool_calls;
          assert.equal(others.length, 0);
          assert.match(call.id, /^call_/);
          assert.equal(call.type, "function");
          assert.equal(call.function.name, weather.name);
          checkWeather(JSON.parse(call.function.arguments));

          const stream = api.helper(client, { tools, tool_choice: choice });
          let pieces = "";
          stream.on("tool_calls.function.arguments.delta", (e) => (pieces += e.arguments_delta));
          const final = await stream.finalChatCompletion();
          assert.equal(final.choices[0].finish_reason, finish);
          const streamed = final.choices[0].message.tool_calls[0];
          assert.equal(streamed.function.arguments, pieces);
          assert.equal(streamed.function.arguments, call.function.arguments);
          assert.equal(streamed.function.name, weather.name);
        });
      });
    }
    it("the conversation goes on after a tool was called", async (t) => {
      await against(t, api, healthy, {}, async ({ client }) => {
        const first = await api.whole(client, undefined, { tools, tool_choice: "required" });
        const { message } = first.choices[0];
        const result = { role: "tool", tool_call_id: message.tool_calls[0].id, content: "sunny" };
        const messages = [...api.params().messages, message, result];
        const second = await api.whole(client, undefined, { messages, tools });
        assert.ok(second.choices[0].message.content.length > 0);
      });
    });
    it("an answer held to a schema parses", async (t) => {
      await against(t, api, healthy, {}, async ({ client }) => {
        const json_schema = { name: "weather", strict: true, schema: weather.schema };
        const reply = await client.chat.completions.parse({
          ...api.params(),
          response_format: { type: "json_schema", json_schema },
        });
        checkWeather(reply.choices[0].message.parsed);
      });
    });
    it("an empty answer passes for a success, which is why answers need a guard", async (t) => {
      await against(t, api, always("empty_content"), {}, async ({ client, sent }) => {
        const reply = await api.whole(client);
        assert.ok(!reply.choices[0].message.content);
        assert.equal(sent.length, 1);
      });
    });
    it("a page of the edge passes for a success too", async (t) => {
      await against(t, api, always("malformed_json", "html_200"), {}, async ({ client }) => {
        assert.match(await api.whole(client), /^<!DOCTYPE html>/);
      });
    });
    it("the stream helper notices what the events alone do not", async (t) => {
      await against(t, api, always("truncated", "no_terminal"), {}, async ({ client }) => {
        const error = await failureOf(api.helper(client).finalChatCompletion());
        assert.equal(error.constructor, OpenAI.OpenAIError);
        assert.equal(error.message, "missing finish_reason for choice 0");
      });
    });
    it("a parameter out of range is BadRequestError", async (t) => {
      await against(t, api, healthy, {}, async ({ client, sent }) => {
        const error = await failureOf(api.whole(client, undefined, { temperature: 7 }));
        assert.equal(error.constructor, OpenAI.BadRequestError);
        assert.equal(error.param, "temperature");
        assert.equal(sent.length, 1);
      });
    });
  });
  failures(api);
}

group("openai, azure and deepseek: what they say differently", () => {
  const unknown = [
    [openai, "NotFoundError", "model_not_found"],
    [azure, "NotFoundError", "DeploymentNotFound"],
    [deepseek, "BadRequestError", "invalid_request_error"],
  ];
  for (const [api, error, code] of unknown) {
    it(`${api.name}: an unknown model is ${error} ${code}`, async (t) => {
      await against(t, api, healthy, {}, async ({ client, sent }) => {
        const got = await failureOf(api.whole(client, undefined, { model: "nobody" }));
        assert.equal(got.constructor, OpenAI[error], `${got}`);
        assert.equal(got.code, code);
        assert.equal(sent.length, 1);
      });
    });
  }
  const spent = [
    [openai, "RateLimitError", 429, "insufficient_quota", 2],
    [azure, "RateLimitError", 429, "insufficient_quota", 2],
    [deepseek, "APIError", 402, "invalid_request_error", 1],
  ];
  for (const [api, error, status, code, sent] of spent) {
    it(`${api.name}: no money is ${status}, sent ${sent} times`, async (t) => {
      await against(t, api, always("quota_exhausted"), {}, async (to) => {
        const got = await failureOf(api.whole(to.client));
        assert.equal(got.constructor, OpenAI[error], `${got}`);
        assert.equal(got.status, status);
        assert.equal(got.code, code);
        assert.equal(to.sent.length, sent);
      });
    });
  }
  for (const [api, header] of [[azure, "api-key"], [deepseek, "authorization"]]) {
    it(`${api.name}: without a credential it is AuthenticationError`, async (t) => {
      const bare = { ...api, make: (url, o) => new OpenAI({ ...o, ...bareOptions(api, url) }) };
      await against(t, bare, healthy, {}, async ({ client, sent }) => {
        const got = await failureOf(api.whole(client));
        assert.equal(got.constructor, OpenAI.AuthenticationError, `${header}: ${got}`);
        assert.equal(sent.length, 1);
      });
    });
  }
  it("azure: a backend without room is 429, since Azure has no 529", async (t) => {
    await against(t, azure, always("server_error", "529"), {}, async ({ client, sent }) => {
      const error = await failureOf(azure.whole(client));
      assert.equal(error.constructor, OpenAI.RateLimitError, `${error}`);
      assert.equal(sent.length, 2);
    });
  });
  it("deepseek: an unknown parameter is UnprocessableEntityError", async (t) => {
    const sets = always("invalid_request", "unknown_parameter");
    await against(t, deepseek, sets, {}, async ({ client, sent }) => {
      const error = await failureOf(deepseek.whole(client));
      assert.equal(error.constructor, OpenAI.UnprocessableEntityError, `${error}`);
      assert.equal(sent.length, 1);
    });
  });
  it("openai: tokens of a stream are told to those who ask only", async (t) => {
    await against(t, openai, healthy, {}, async ({ client }) => {
      assert.equal((await openai.helper(client).finalChatCompletion()).usage, undefined);
    });
  });
  it("openai: limits of a quota stand in the headers", async (t) => {
    await against(t, openai, healthy, {}, async ({ client }) => {
      const { response } = await openai.whole(client).withResponse();
      assert.equal(response.headers.get("x-ratelimit-limit-requests"), "500");
      assert.equal(response.headers.get("x-ratelimit-remaining-requests"), "499");
    });
  });
  it("openai: errors carry the request id", async (t) => {
    await against(t, openai, always("server_error", "500"), {}, async ({ client }) => {
      const error = await failureOf(openai.whole(client));
      assert.match(error.requestID, /^req_[0-9a-f]{32}$/);
      assert.equal(error.type, "server_error");
    });
  });
  it("openai: a refusal is a success that says no", async (t) => {
    await against(t, openai, always("refusal", "refused"), {}, async ({ client }) => {
      const whole = (await openai.whole(client)).choices[0];
      assert.equal(whole.finish_reason, "stop");
      assert.equal(whole.message.content, null);
      const streamed = (await openai.helper(client).finalChatCompletion()).choices[0];
      assert.equal(streamed.message.refusal, whole.message.refusal);
      assert.ok(whole.message.refusal.length > 0);
    });
  });
  it("openai: the runner of tools runs the tool", async (t) => {
    await against(t, openai, healthy, {}, async ({ client }) => {
      const got = [];
      const run = (input) => {
        got.push(input);
        return "sunny";
      };
      const runnable = { ...tools[0].function, function: run, parse: JSON.parse };
      await client.chat.completions
        .runTools({
          ...openai.params(),
          tools: [{ type: "function", function: runnable }],
          tool_choice: byName,
        })
        .done();
      assert.equal(got.length, 1);
      checkWeather(got[0]);
    });
  });
});

// A client that sends no credential at all, at the same address.
function bareOptions(api, url) {
  const base = { defaultHeaders: { Authorization: null }, baseURL: root(url) };
  if (api === deepseek) return base;
  const deployment = `${base.baseURL}/openai/deployments/${api.model}`;
  return { ...base, baseURL: deployment, defaultQuery: { "api-version": "2024-10-21" } };
}
