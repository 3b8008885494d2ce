// Loads a gateway: load.mjs URL PID SECONDS [IDLE] [STREAMS]. Prints a line every few seconds and a
// summary; exits with 1 if a request ended without an answer or an error of the API, or if the
// process holds more at the end than after its first third.
import { readFileSync, readdirSync } from "node:fs";
import { Agent, request } from "node:http";
import { connect } from "node:net";

const [url, pid, seconds, idle = "5000", streams = "1000"] = process.argv.slice(2);
const { hostname, port } = new URL(url);
const body = JSON.stringify({
  model: "any",
  stream: true,
  messages: [{ role: "user", content: "Say hello, and say it well." }],
});
const agent = new Agent({ keepAlive: true, maxSockets: Number(streams) });
const counts = { answered: 0, failed: 0, broken: 0, refused: 0 };
const waits = [];

function memory() {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const kib = Number(status.match(/VmRSS:\s+(\d+)/)[1]);
  return { mib: kib / 1024, fds: readdirSync(`/proc/${pid}/fd`).length };
}
function cpuSeconds() {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function ask() {
  const began = performance.now();
  return new Promise((resolve) => {
    const end = (kind) => {
      counts[kind] += 1;
      if (kind === "answered") waits.push(performance.now() - began);
      resolve();
    };
    const sent = request(
      { hostname, port, agent, method: "POST", path: "/v1/chat/completions",
        headers: { "content-type": "application/json", "content-length": body.length } },
      (reply) => {
        let text = "";
        reply.on("data", (bytes) => (text += bytes));
        reply.on("error", () => end("broken"));
        reply.on("end", () => {
          if (reply.statusCode === 200 && text.endsWith("data: [DONE]\n\n") &&
              !text.includes('"error"')) end("answered");
          else if (text.includes('"error"')) end("failed");
          else end("broken");
        });
      },
    );
    sent.on("error", () => end("broken"));
    sent.end(body);
  });
}

const nonsense = ["GET / HTTP/9\r\n\r\n", "POST /v1/messages HTTP/1.1\r\nHost: x\r\n" +
  "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "\x16\x03\x01", "A\nB\n\n",
  `GET /${"a".repeat(40000)} HTTP/1.1\r\n\r\n`];
function refuse(n) {
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port });
    let got = "";
    socket.on("data", (bytes) => (got += bytes));
    socket.on("error", resolve);
    socket.on("close", () => {
      if (/^HTTP\/1.1 4\d\d /.test(got)) counts.refused += 1;
      resolve();
    });
    socket.write(nonsense[n % nonsense.length]);
  });
}

const idles = [];
function keepIdle() {  // those that the gateway has let go are replaced
  while (idles.length < Number(idle)) {
    const socket = connect({ host: hostname, port });
    idles.push(socket);
    const gone = () => {
      const at = idles.indexOf(socket);
      if (at >= 0) idles.splice(at, 1);
    };
    socket.on("error", gone);
    socket.on("close", gone);
  }
}

const until = performance.now() + Number(seconds) * 1000;
const cpu = cpuSeconds();
keepIdle();
await new Promise((resolve) => setTimeout(resolve, 1000));
const samples = [];
const sampler = setInterval(() => {
  keepIdle();
  const now = memory();
  samples.push(now);
  console.log(`${now.mib.toFixed(1)} MiB, ${now.fds} descriptors, ${JSON.stringify(counts)}`);
}, Math.max(1000, Number(seconds) * 25));
await Promise.all([
  ...Array.from({ length: Number(streams) }, async () => {
    while (performance.now() < until) await ask();
  }),
  (async () => {
    for (let n = 0; performance.now() < until; ++n) {
      await refuse(n);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })(),
]);
clearInterval(sampler);
waits.sort((a, b) => a - b);
const quantile = (q) => waits[Math.floor(q * (waits.length - 1))]?.toFixed(0);
const early = samples[Math.floor(samples.length / 3)];
const late = samples.at(-1);
console.log(
  `${waits.length} streams answered, p50 ${quantile(0.5)} ms, p99 ${quantile(0.99)} ms, ` +
    `${counts.failed} clear errors, ${counts.broken} without either, ${counts.refused} refused; ` +
    `${(cpuSeconds() - cpu).toFixed(1)} s of CPU`,
);
console.log(`memory ${early?.mib.toFixed(1)} -> ${late?.mib.toFixed(1)} MiB, ` +
  `descriptors ${early?.fds} -> ${late?.fds}`);
const grew = early && (late.mib > early.mib * 1.1 + 16 || late.fds > early.fds * 1.2 + 100);
for (const socket of idles) socket.destroy();
agent.destroy();
process.exit(counts.broken > 0 || grew ? 1 : 0);
