// Gemini has no official client among those pinned, so its mock meets fetch: paths, credentials,
// events, arrays and errors as Google documents them.
import assert from "node:assert/strict";
import { it } from "node:test";
import { always, checkWeather, group, healthy, root, weather } from "./asking.mjs";
import { serve } from "./serve.mjs";

const contents = [{ role: "user", parts: [{ text: "Say hello." }] }];

async function ask(url, method, { model = "gemini-large", headers, body } = {}) {
  return fetch(`${root(url)}/v1beta/models/${model}:${method}`, {
    method: "POST",
    headers: headers ?? { "content-type": "application/json", "x-goog-api-key": "test" },
    body: JSON.stringify({ contents, ...body }),
  });
}

// The data of each event; whatever is none of them stays in `stray`.
function readEvents(text) {
  const events = [];
  let stray = "";
  for (const block of text.split(/\r?\n\r?\n/)) {
    if (block.startsWith("data: ")) events.push(JSON.parse(block.slice(6)));
    else stray += block;
  }
  return { events, stray };
}

const textOf = (replies) =>
  replies.flatMap((r) => r.candidates[0].content.parts.map((p) => p.text)).join("");

async function against(t, sets, body) {
  const server = await serve(t, "dialects", sets);
  await body(server.urls.gemini);
  assert.equal(await server.stop(), 0);
}

group("gemini", () => {
  it("events and the array add up to the reply in one piece", async (t) => {
    await against(t, healthy, async (url) => {
      const whole = await (await ask(url, "generateContent")).json();
      assert.equal(whole.candidates[0].finishReason, "STOP");
      assert.equal(whole.modelVersion, "gemini-large");
      const reply = await ask(url, "streamGenerateContent?alt=sse");
      assert.match(reply.headers.get("content-type"), /^text\/event-stream/);
      const { events, stray } = readEvents(await reply.text());
      assert.equal(stray, "");
      assert.equal(textOf(events), textOf([whole]));
      assert.deepEqual(events.at(-1).usageMetadata, whole.usageMetadata);
      const last = events.pop();
      assert.equal(last.candidates[0].finishReason, "STOP");
      assert.ok(events.length > 3);
      for (const event of events) {
        assert.equal(event.candidates[0].finishReason, undefined);
        assert.equal(event.responseId, last.responseId);
        assert.ok(event.usageMetadata.promptTokenCount > 0);
      }
      const array = await (await ask(url, "streamGenerateContent")).json();
      assert.equal(textOf(array), textOf([whole]));
      const query = await ask(url, "generateContent?key=test", { headers: {} });
      assert.equal(query.status, 200);
    });
  });
  it("mode ANY calls the function, whole even in a stream", async (t) => {
    await against(t, healthy, async (url) => {
      const declaration = { name: weather.name, parametersJsonSchema: weather.schema };
      const body = {
        tools: [{ functionDeclarations: [declaration] }],
        toolConfig: { functionCallingConfig: { mode: "ANY" } },
      };
      const whole = await (await ask(url, "generateContent", { body })).json();
      const reply = await ask(url, "streamGenerateContent?alt=sse", { body });
      const { events } = readEvents(await reply.text());
      for (const part of [whole, events[0]].map((r) => r.candidates[0].content.parts[0])) {
        assert.equal(part.functionCall.name, weather.name);
        checkWeather(part.functionCall.args);
      }
    });
  });
  it("a failing stream ends in bare JSON without the word data", async (t) => {
    await against(t, always("server_error", "error_event"), async (url) => {
      const { events, stray } = readEvents(
        await (await ask(url, "streamGenerateContent?alt=sse")).text(),
      );
      assert.ok(events.length > 0);
      assert.deepEqual([JSON.parse(stray).error.code, JSON.parse(stray).error.status],
                       [500, "INTERNAL"]);
      const array = await (await ask(url, "streamGenerateContent")).json();
      assert.equal(array.at(-1).error.status, "INTERNAL");
    });
  });
  it("a stream without its end has no finishReason", async (t) => {
    await against(t, always("truncated", "no_terminal"), async (url) => {
      const reply = await ask(url, "streamGenerateContent?alt=sse");
      const { events } = readEvents(await reply.text());
      assert.equal(events.at(-1).candidates[0].finishReason, undefined);
    });
  });
  it("a limit tells its wait in the details and in the text, not in a header", async (t) => {
    const sets = always("rate_limit", "with_hint", { retry_after: "22s" });
    await against(t, sets, async (url) => {
      const reply = await ask(url, "generateContent");
      assert.equal(reply.status, 429);
      assert.equal(reply.headers.get("retry-after"), null);
      const { error } = await reply.json();
      assert.equal(error.status, "RESOURCE_EXHAUSTED");
      const info = error.details.find((d) => d["@type"].endsWith("google.rpc.RetryInfo"));
      assert.equal(info.retryDelay, "22s");
      assert.match(error.message, /Please retry in 22s\.$/);
    });
  });
  const refused = [
    ["no credential", { headers: { "content-type": "application/json" } }, 403,
     "PERMISSION_DENIED"],
    ["an unknown model", { model: "nobody" }, 404, "NOT_FOUND"],
    ["no contents", { body: { contents: [] } }, 400, "INVALID_ARGUMENT"],
  ];
  for (const [what, options, status, name] of refused) {
    it(`${what} is ${status} ${name}`, async (t) => {
      await against(t, healthy, async (url) => {
        const reply = await ask(url, "generateContent", options);
        assert.equal(reply.status, status);
        const { error } = await reply.json();
        assert.equal(error.code, status);
        assert.equal(error.status, name);
        const array = await (await ask(url, "streamGenerateContent", options)).json();
        assert.equal(array[0].error.status, name);
      });
    });
  }
});
