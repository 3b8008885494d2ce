// Starts `squall gateway` for one test, in front of `squall serve`, and ends both again, by pid.
import { spawn } from "node:child_process";
import { writeFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./asking.mjs";
import { serve } from "./serve.mjs";

const binary = process.env.SQUALL_BINARY;
process.env.SQUALL_MOCK_KEY = "sk-of-the-gateway";

// Mocks of scenario `dialects`: `faulty` names the providers that meet `fault` (rows of a fault
// table) at every attempt, in the order of the route, and `healthy` those that never do. Returns the
// gateway's URL, and those of the mocks.
export async function gateway(t, { faulty, healthy, fault, config = {} }) {
  const order = ["openai", "anthropic", "gemini", "azure", "deepseek"];
  const sets = { "/faults": {} };
  for (const name of faulty) sets[`/providers/${order.indexOf(name)}/faults`] = fault;
  const mocks = await serve(t, "dialects", sets);
  const names = [...faulty, ...healthy];
  const whole = {
    listen: { port: 0 },
    access_log: "",
    upstreams: names.map((name) => ({
      name,
      dialect: name,
      url: root(mocks.urls[name]),
      api_key: { env: "SQUALL_MOCK_KEY" },
      models: [{ name: `${name}-large` }],
    })),
    routes: [{ model: "any", targets: names.map((name) => `${name}/${name}-large`) }],
    engine: {
      deadline: { per_try: "700ms" },
      retry: { max_attempts: 4, max_attempts_per_target: 2, backoff: { base: "5ms", cap: "20ms" } },
    },
    deadline: "8s",
    ...config,
  };
  const folder = mkdtempSync(join(tmpdir(), "squall-gateway-"));
  const file = join(folder, "gateway.json");
  writeFileSync(file, JSON.stringify(whole));
  const child = spawn(binary, ["gateway", file], { stdio: ["ignore", "ignore", "pipe"] });
  t.after(() => {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });
  let said = "";
  const url = await new Promise((resolve, reject) => {
    child.stderr.on("data", (bytes) => {
      said += bytes;
      const found = said.match(/listening on (\S+)/);
      if (found) resolve(found[1]);
    });
    child.on("exit", (code) => reject(new Error(`gateway ended with ${code}: ${said}`)));
  });
  const ended = new Promise((resolve) => child.on("exit", resolve));
  return {
    url,
    mocks,
    said: () => said,
    async stop() {
      child.kill("SIGTERM");
      return [await ended, await mocks.stop()];
    },
  };
}
