// What the page needs of a predictor, and the JSON of a prediction.

export type State = "ok" | "unsure" | "no_speech";

export interface Prediction {
  file: string;
  start: number;
  end: number;
  emotion: string | null;
  confidence: number | null;
  state: State;
  scores: { label: string; score: number }[];
  quality: { duration_s: number; speech_ratio: number; warnings?: string[] };
  model: { name: string; version: string; license: string };
}

export interface ModelInfo {
  name: string;
  version: string;
  license: string;
  labels: string[];
  unsure_below: number;
  corpora: { name: string; license: string }[];
}

export interface Windows {
  window_s?: number;
  hop_s?: number;
}

export interface Listener {
  progress(done: number): void;
  segment(segment: Prediction): void;
}

/** Predicts recordings: the service, or the model in the browser. */
export interface Backend {
  model(): Promise<ModelInfo>;
  /** The prediction of a whole recording; its segments are passed to the listener. */
  analyse(file: File, windows: Windows | null, listener: Listener): Promise<Prediction>;
}

/** An error that the user can act on. */
export class Refused extends Error {
  constructor(
    message: string,
    readonly code: string,
  ) {
    super(message);
  }
}
