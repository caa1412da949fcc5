// The worker in which the model runs, so that the page stays responsive.

import { env } from "onnxruntime-web/wasm";
import type { Prediction, Windows as Lengths } from "../backend";
import type { Recording } from "./decode";
import { downmix } from "./downmix";
import { type BrowserModel, Graph } from "./graph";
import { meanOf, type Row, toJson } from "./prediction";
import { resample } from "./resample";
import { predictRows, type Sound, type Windows, windowsOf, windowsOfPredict } from "./windows";

export type Request =
  | { task: "load"; model: BrowserModel; base: string }
  | { task: "analyse"; file: string; recording: Recording; lengths: Lengths | null };

export type Answer =
  | { event: "loaded" }
  | { event: "segment"; prediction: Prediction }
  | { event: "progress"; done: number }
  | { event: "result"; prediction: Prediction }
  | { event: "error"; message: string };

let graph: Graph;
const send = (answer: Answer) => postMessage(answer);

addEventListener("message", ({ data }: MessageEvent<Request>) => {
  const work = data.task === "load" ? load(data.model, data.base) : analyse(data.file, data.recording, data.lengths);
  work.catch((error: unknown) => send({ event: "error", message: error instanceof Error ? error.message : String(error) }));
});

async function load(model: BrowserModel, base: string): Promise<void> {
  const names = ["page/ort-wasm-simd-threaded.wasm", "model/model.onnx", "model/silero_vad.onnx"];
  const [wasm, onnx, vad] = await Promise.all(names.map((name) => bytes(new URL(name, base))));
  // Several threads would need headers that GitHub Pages and Spaces do not send.
  env.wasm.numThreads = 1;
  env.wasm.wasmBinary = wasm!;
  graph = await Graph.load(model, new Uint8Array(onnx!), new Uint8Array(vad!));
  send({ event: "loaded" });
}

async function bytes(url: URL): Promise<ArrayBuffer> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url.pathname}: status ${response.status}`);
  return response.arrayBuffer();
}

/** The same as /v1/predict and /v1/timeline of the service. */
async function analyse(file: string, recording: Recording, lengths: Lengths | null): Promise<void> {
  const sound = soundOf(recording);
  const { unsure_below, name, version, license } = graph.model;
  const json = (row: Row) => toJson(row, file, { name, version, license });
  const duration = sound.samples.length / graph.model.rate_hz;
  const rowsOf = async (windows: Windows, seen: (row: Row) => void) => {
    const rows: Row[] = [];
    for await (const row of predictRows(graph, sound, windows)) {
      rows.push(row);
      seen(row);
      send({ event: "progress", done: row.end / duration });
    }
    return rows;
  };
  const segments = await rowsOf(windowsOf(graph, lengths ?? {}), (row) => send({ event: "segment", prediction: json(row) }));
  // Windows that differ from those of predict have another mean.
  const rows = lengths ? await rowsOf(windowsOfPredict(graph), () => undefined) : segments;
  send({ event: "result", prediction: json(meanOf(rows, unsure_below)) });
}

function soundOf({ channels, layout, rateHz, statedHz, warnings }: Recording): Sound {
  const { mono, inverted } = downmix(channels, layout);
  const notes = inverted.map((channel) => `channel ${channel} is inverted; its sign was changed before mixing`);
  return { samples: resample(mono, rateHz, graph.model.rate_hz), sourceRateHz: statedHz, warnings: [...warnings, ...notes] };
}
