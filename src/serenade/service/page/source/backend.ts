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
  quality: {
    duration_s: number;
    speech_ratio: number;
    level_dbfs: number;
    clipped: boolean;
    resampled_from_hz: number | null;
    warnings?: string[];
  };
  model: { name: string; version: string; license: string };
  /** Above 1 the sound is unlike the training data. */
  domain_distance?: number;
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
  /** What the backend does now, such as "Predicting …". */
  doing(what: string): void;
  progress(done: number): void;
  segment(segment: Prediction): void;
}

/** Predicts recordings: the service, or the model in the browser. */
export interface Backend {
  /** Of a server that needs one; only kept in memory. */
  token?: string;
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

/** The message of an error as a sentence about the recording. */
export function sentence(message: string): string {
  return `The recording ${message}.`.replace(/^The recording (?=the |a |no |\d|files)/, "");
}
