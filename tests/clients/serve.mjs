// Starts `squall serve` for one test and ends it again, by pid.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

const binary = process.env.SQUALL_BINARY;

// Base URLs by provider name. `sets` are --set options. Time runs 100 times as fast as real time,
// so that mock latencies do not slow the tests. Whatever happens to test `t`, the server ends with it.
export async function serve(t, scenario, sets = {}) {
  const args = ["serve", scenario, "--time-scale", "0.01"];
  for (const [pointer, value] of Object.entries(sets)) {
    args.push("--set", `${pointer}=${JSON.stringify(value)}`);
  }
  const child = spawn(binary, args, { stdio: ["ignore", "pipe", "pipe"] });
  t.after(() => child.kill("SIGKILL"));
  const urls = {};
  let errors = "";
  child.stderr.on("data", (bytes) => (errors += bytes));
  const listening = new Promise((resolve, reject) => {
    child.stderr.on("data", () => errors.includes("Ctrl-C") && resolve());
    child.on("exit", (code) => reject(new Error(`serve ended with ${code}: ${errors}`)));
  });
  createInterface({ input: child.stdout }).on("line", (line) => {
    const [name, url] = line.split(/\s+/);
    urls[name] = url;
  });
  await listening;
  await new Promise((resolve) => setTimeout(resolve, 20)); // the listing is on another pipe
  const ended = new Promise((resolve) => child.on("exit", resolve));
  return {
    urls,
    async stop() {
      child.kill("SIGTERM");
      return ended;
    },
  };
}
