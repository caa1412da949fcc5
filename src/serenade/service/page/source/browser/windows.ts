// Predictions of a recording of any length, as in serenade/inference/windows.py and timeline.py.

import type { Windows as Lengths } from "../backend";
import type { Graph } from "./graph";
import { isClipped, levelDbfs } from "./level";
import type { Quality, Row } from "./prediction";
import { SpeechDetector, speechSeconds } from "./vad";

const WINDOW_S = 5;
const MIN_HOP_S = 0.25;
const MIN_SPEECH_S = 0.1;

/** Mono sound at the model's rate. */
export interface Sound {
  samples: Float32Array;
  sourceRateHz: number;
  warnings: string[];
}

/** In samples; recordings of up to `whole` are predicted whole. */
export interface Windows {
  window: number;
  hop: number;
  whole: number;
}

/** The windows of a timeline. */
export function windowsOf({ model }: Graph, lengths: Lengths = {}): Windows {
  const windowS = lengths.window_s ?? model.max_duration_s ?? WINDOW_S;
  const window = Math.round(windowS * model.rate_hz);
  return { window, hop: Math.round((lengths.hop_s ?? windowS / 2) * model.rate_hz), whole: window };
}

/** The windows for one prediction of a recording. */
export function windowsOfPredict(graph: Graph): Windows {
  const longest = graph.model.max_duration_s ?? 2 * WINDOW_S;
  return { ...windowsOf(graph), whole: Math.round(longest * graph.model.rate_hz) };
}

interface Segment {
  start: number;
  end: number;
  samples: Float32Array;
  quality: Quality;
  speechS: number;
}

async function measure(graph: Graph, sound: Sound, start: number, end: number, detector?: SpeechDetector): Promise<Segment> {
  const samples = sound.samples.subarray(start, end);
  const rate = graph.model.rate_hz;
  const duration = samples.length / rate;
  const speechS = await speechSeconds(samples, graph.vad, detector);
  const quality = {
    duration_s: duration,
    speech_ratio: Math.min(1, speechS / duration),
    level_dbfs: levelDbfs(samples),
    clipped: isClipped(samples),
    resampled_from_hz: sound.sourceRateHz === rate ? null : sound.sourceRateHz,
    warnings: [],
  };
  return { start, end: start + samples.length, samples, quality, speechS };
}

/** The timeline of a recording; one prediction if it is no longer than `windows.whole`. */
export async function* predictRows(graph: Graph, sound: Sound, windows: Windows): AsyncGenerator<Row> {
  if (sound.samples.length > windows.whole) {
    yield* timeline(graph, sound, windows);
    return;
  }
  const { samples, quality, speechS } = await measure(graph, sound, 0, sound.samples.length);
  const scores = speechS >= MIN_SPEECH_S ? await graph.scores(samples) : null;
  yield graph.prediction(scores, { ...quality, warnings: sound.warnings });
}

/** The prediction of each hop: the mean over all windows that overlap it, weighted by speech and overlap. */
async function* timeline(graph: Graph, sound: Sound, { window, hop }: Windows): AsyncGenerator<Row> {
  const length = sound.samples.length;
  const remainder = Math.round(MIN_HOP_S * graph.model.rate_hz);
  const detector = new SpeechDetector(graph.vad);
  let rows: Segment[] = []; // those that a window to come can overlap
  let predicted: Predicted[] = []; // those that a row to come can overlap
  let start = 0;
  let covered = 0;
  for (let end = 0; end < length; ) {
    const begin = end;
    // A last block shorter than the shortest hop is joined to the one before it.
    end = length - (begin + hop) < remainder ? length : begin + hop;
    const isLast = end === length;
    rows.push(await measure(graph, sound, begin, end, detector));
    while (rows.length && (isLast || start + window <= end)) {
      // No window begins after one has reached the end.
      if (covered < end) {
        covered = start + window;
        if (isLast && end - covered < remainder) covered = end;
        const inside = rows.filter((row) => row.start < covered);
        if (inside.some(hasSpeech)) predicted.push(await predictWindow(graph, sound, inside, start, covered));
      }
      const row = rows.shift()!;
      const scores = hasSpeech(row) ? meanScores(row, predicted) : null;
      const warnings = isLast && !rows.length ? sound.warnings : [];
      yield graph.prediction(scores, { ...row.quality, warnings }, row.start / graph.model.rate_hz);
      start += hop;
      predicted = predicted.filter((one) => one.end > start);
    }
  }
}

interface Predicted {
  start: number;
  end: number;
  scores: number[];
  speechRatio: number;
}

async function predictWindow(graph: Graph, sound: Sound, inside: Segment[], start: number, end: number): Promise<Predicted> {
  const samples = sound.samples.subarray(start, Math.min(end, inside.at(-1)!.end));
  const speechS = inside.reduce((sum, row) => sum + row.speechS * share(row, start, end), 0);
  return { start, end, scores: await graph.scores(samples), speechRatio: speechS / (samples.length / graph.model.rate_hz) };
}

function meanScores(row: Segment, predicted: Predicted[]): number[] {
  const over = predicted.filter(({ start, end }) => share(row, start, end) > 0);
  const weights = over.map(({ start, end, speechRatio }) => speechRatio * share(row, start, end));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return over[0]!.scores.map((_, i) => over.reduce((sum, { scores }, w) => sum + weights[w]! * scores[i]!, 0) / total);
}

function hasSpeech(row: Segment): boolean {
  return row.quality.speech_ratio * row.quality.duration_s >= MIN_SPEECH_S;
}

/** How much of a row is between two bounds, 0 to 1. */
function share(row: Segment, start: number, end: number): number {
  return Math.max(0, Math.min(row.end, end) - Math.max(row.start, start)) / (row.end - row.start);
}
