// The ONNX graph of a model with what its Spec says, as in serenade/inference/graph.py.

import { InferenceSession, Tensor } from "onnxruntime-web/wasm";
import type { ModelInfo } from "../backend";
import { type Quality, type Row, rowOf, softened } from "./prediction";

const DISTANCE = "domain_distance";

/** What serenade/service/page/static.py writes beside the model. */
export interface BrowserModel extends ModelInfo {
  rate_hz: number;
  max_duration_s: number | null;
}

export class Graph {
  private constructor(
    readonly model: BrowserModel,
    private readonly session: InferenceSession,
    readonly vad: InferenceSession,
  ) {}

  static async load(model: BrowserModel, onnx: Uint8Array, vad: Uint8Array): Promise<Graph> {
    // Recordings differ in length, and a memory plan for each length would only grow.
    const options = { executionProviders: ["wasm"], enableMemPattern: false };
    return new Graph(model, await InferenceSession.create(onnx, options), await InferenceSession.create(vad, options));
  }

  /** The probabilities of some sound, and behind them the distance of a model with a domain check. */
  async scores(samples: Float32Array): Promise<number[]> {
    const waveform = new Tensor("float32", samples, [1, samples.length]);
    const lengths = new Tensor("int64", BigInt64Array.of(BigInt(samples.length)), [1]);
    const names = ["probabilities", DISTANCE].filter((name) => this.session.outputNames.includes(name));
    const found = await this.session.run({ waveform, lengths }, names);
    const scores = names.flatMap((name) => [...(found[name]!.data as Float32Array)]);
    for (const name of names) found[name]!.dispose();
    return scores;
  }

  /** The prediction of a segment; `scores` as above, null if there is no speech. */
  prediction(scores: number[] | null, quality: Quality, start = 0): Row {
    const { labels, unsure_below } = this.model;
    const domainDistance = scores?.[labels.length] ?? null;
    const probabilities = scores && softened(scores.slice(0, labels.length), domainDistance ?? 0);
    const named = new Map(probabilities?.map((score, i) => [labels[i]!, score]));
    const end = start + quality.duration_s;
    return rowOf({ start, end, scores: named, quality, domainDistance }, unsure_below);
  }
}
