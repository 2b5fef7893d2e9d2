import { expect, test } from "vitest";

import { DeviceError } from "./client.ts";
import type { ServerEvent } from "./stream.ts";
import { watch, type Pace, type Watched } from "./watch.ts";

const LIST = { name: "requests", data: '{"requests":[]}' };

// Each look takes the next script: a list of events, an error, or "silence" (nothing until given up).
type Script = ServerEvent[] | Error | "silence";

function stage(streams: Script[], polls: (number | Error)[] = []) {
  const said: string[] = [];
  const waits: number[] = [];
  const stop = new AbortController();
  const client: Watched = {
    async *events(signal) {
      said.push("stream");
      const script = streams.shift();
      if (script === undefined) return stop.abort();
      if (script instanceof Error) throw script;
      if (script === "silence") {
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        throw new DeviceError("away", 0, "aborted");
      }
      yield* script;
    },
    requests(waitSeconds) {
      said.push(`poll ${waitSeconds}`);
      const script = polls.shift();
      if (script === undefined) stop.abort();
      if (script instanceof Error) return Promise.reject(script);
      const one = {
        id: "a",
        application: "",
        type: "",
        username: "",
        address: "",
        info: [],
        digits: 3,
        created: 0,
        expires: 0,
      };
      return Promise.resolve(Array.from({ length: script ?? 0 }, () => ({ ...one, info: [] })));
    },
  };
  const to = {
    requests: (list: unknown[]) => said.push(`requests ${list.length}`),
    gone: () => said.push("gone"),
    refused: () => said.push("refused"),
    reached: (yes: boolean) => said.push(yes ? "reached" : "away"),
  };
  // Waiting for the first event ends at once, so that "silence" is noticed; all other guards never ring.
  const pace: Pace = {
    delay: (ms, signal) => {
      if (ms === 45_000) return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
      if (ms !== 8_000) waits.push(ms);
      return new Promise((resolve) => setImmediate(resolve));
    },
  };
  return { client, to, stop, pace, said, waits };
}

test("hands on what the stream says and connects again when it ends", async () => {
  const { client, to, stop, pace, said, waits } = stage([[LIST], [LIST]]);
  await watch(client, to, stop.signal, { pace });
  expect(said).toEqual(["stream", "reached", "requests 0", "stream", "reached", "requests 0", "stream"]);
  expect(waits.slice(0, 2)).toEqual([1000, 1000]);
});

test("gone is the end, for good", async () => {
  const { client, to, stop, pace, said } = stage([[LIST, { name: "gone", data: "{}" }], [LIST]]);
  await watch(client, to, stop.signal, { pace });
  expect(said).toEqual(["stream", "reached", "requests 0", "gone"]);
});

test("a refused signature is the end until somebody tries again", async () => {
  const { client, to, stop, pace, said } = stage([new DeviceError("refused", 401, ""), [LIST]]);
  await watch(client, to, stop.signal, { pace });
  expect(said).toEqual(["stream", "refused"]);
});

test("failures are told and waited out, each time longer, and success begins anew", async () => {
  const away = new DeviceError("away", 0, "");
  const { client, to, stop, pace, said, waits } = stage([away, away, away, [LIST], away]);
  await watch(client, to, stop.signal, { pace });
  expect(said.filter((word) => word === "away").length).toBe(4);
  expect(waits).toEqual([1000, 2000, 4000, 1000, 1000]);
});

test("a stream that is held back gives way to long polls", async () => {
  const { client, to, stop, pace, said } = stage(["silence"], [0, 1]);
  await watch(client, to, stop.signal, { pace });
  expect(said).toEqual([
    "stream",
    "poll 25",
    "reached",
    "requests 0",
    "poll 25",
    "reached",
    "requests 1",
    "poll 25",
    "reached",
    "requests 0",
  ]);
});

test("a list that is not one is a failure, not an empty list", async () => {
  const { client, to, stop, pace, said } = stage([[{ name: "requests", data: "{}" }]]);
  await watch(client, to, stop.signal, { pace });
  expect(said.slice(0, 3)).toEqual(["stream", "reached", "away"]);
});

test("a glance holds no connection", async () => {
  const { client, to, stop, pace, said, waits } = stage([], [0]);
  await watch(client, to, stop.signal, { pace, manner: "glance" });
  expect(said.slice(0, 1)).toEqual(["poll 0"]);
  expect(waits[0]).toBe(10_000);
});
