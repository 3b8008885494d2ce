// The official client behind an HTTP server: what an application does that calls it for each request it
// gets, and passes on what it throws.
import { createServer } from "node:http";
import OpenAI from "openai";

const client = new OpenAI({ apiKey: "squall", baseURL: `${process.env.SQUALL_UPSTREAM_0}/v1` });

async function bodyOf(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return JSON.parse(Buffer.concat(pieces).toString());
}

const server = createServer(async (request, response) => {
  try {
    const body = await bodyOf(request);
    const answer = await client.chat.completions.create(body);
    if (body.stream) {
      response.writeHead(200, { "content-type": "text/event-stream" });
      for await (const event of answer) response.write(`data: ${JSON.stringify(event)}\n\n`);
      response.end("data: [DONE]\n\n");
    } else {
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
    }
  } catch (error) {
    if (response.headersSent) return response.destroy();
    const status = error.status >= 400 ? error.status : 502;
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify({ error: { message: error.message, type: error.name } }));
  }
});
server.listen(Number(process.env.SQUALL_TARGET_PORT), "127.0.0.1");
