// A prediction, its JSON form, and the mean of several, as in serenade/inference/prediction.py and aggregate.py.

import type { Prediction, State } from "../backend";

export const DOMAIN_LIMIT = 1;
const UNIT = 10_000;

export interface Quality {
  duration_s: number;
  speech_ratio: number;
  level_dbfs: number;
  clipped: boolean;
  resampled_from_hz: number | null;
  warnings: string[];
}

/** A prediction before it is rounded. */
export interface Row {
  start: number;
  end: number;
  /** By label; empty if there is no speech. */
  scores: Map<string, number>;
  state: State;
  quality: Quality;
  domainDistance: number | null;
}

/** Sort the scores, divide them by their sum, and set the state. */
export function rowOf(row: Omit<Row, "state">, unsureBelow: number): Row {
  const total = [...row.scores.values()].reduce((sum, score) => sum + score, 0);
  const scores = new Map(
    [...row.scores].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).map(([label, score]) => [label, score / total]),
  );
  const most = Math.max(...scores.values());
  const isOutside = row.domainDistance !== null && row.domainDistance > DOMAIN_LIMIT;
  return { ...row, scores, state: scores.size ? (isOutside || most < unsureBelow ? "unsure" : "ok") : "no_speech" };
}

/** Less confidence for sound that is unlike the training data. */
export function softened(probabilities: number[], distance: number): number[] {
  const exponent = 1 / Math.max(distance, DOMAIN_LIMIT) ** 2;
  if (exponent === 1) return probabilities;
  const most = Math.max(...probabilities);
  const raised = probabilities.map((value) => (value / most) ** exponent);
  const total = raised.reduce((sum, value) => sum + value, 0);
  return raised.map((value) => value / total);
}

/** One prediction for consecutive segments: the mean of their scores, weighted by seconds of speech. */
export function meanOf(rows: Row[], unsureBelow: number): Row {
  if (rows.length === 1) return rows[0]!;
  const scores = new Map<string, number>();
  const total = { duration: 0, speech: 0, power: 0, checked: 0, distance: 0 };
  for (const { quality, scores: own, domainDistance } of rows) {
    const weight = quality.speech_ratio * quality.duration_s;
    for (const [label, score] of own) scores.set(label, (scores.get(label) ?? 0) + weight * score);
    if (domainDistance !== null) {
      total.checked += weight;
      total.distance += weight * domainDistance;
    }
    total.duration += quality.duration_s;
    total.speech += weight;
    total.power += quality.duration_s * 10 ** (quality.level_dbfs / 10);
  }
  const quality = {
    duration_s: total.duration,
    speech_ratio: total.speech / total.duration,
    level_dbfs: 10 * Math.log10(total.power / total.duration),
    clipped: rows.some((row) => row.quality.clipped),
    resampled_from_hz: rows[0]!.quality.resampled_from_hz,
    warnings: [...new Set(rows.flatMap((row) => row.quality.warnings))],
  };
  const domainDistance = total.checked ? total.distance / total.checked : null;
  return rowOf({ start: rows[0]!.start, end: rows.at(-1)!.end, scores, quality, domainDistance }, unsureBelow);
}

/** The JSON form; the scores have four decimals and still sum to 1. */
export function toJson(row: Row, file: string, model: Prediction["model"]): Prediction {
  const scores = rounded(row.scores);
  const { warnings, ...quality } = row.quality;
  return {
    file,
    start: decimals(row.start, 3),
    end: decimals(row.end, 3),
    emotion: scores[0]?.label ?? null,
    confidence: scores[0]?.score ?? null,
    state: row.state,
    scores,
    quality: {
      ...quality,
      duration_s: decimals(quality.duration_s, 3),
      speech_ratio: decimals(quality.speech_ratio, 3),
      level_dbfs: decimals(quality.level_dbfs, 1),
      ...(warnings.length ? { warnings } : {}),
    },
    model,
    ...(row.domainDistance === null ? {} : { domain_distance: decimals(row.domainDistance, 3) }),
  };
}

/** Rounded by largest remainder: sum and order stay the same. */
function rounded(scores: Map<string, number>): { label: string; score: number }[] {
  const entries = [...scores].map(([label, score]) => ({ label, score, whole: Math.floor(score * UNIT) }));
  const left = entries.length ? UNIT - entries.reduce((sum, { whole }) => sum + whole, 0) : 0;
  const byRemainder = [...entries].sort((a, b) => a.whole - a.score * UNIT - (b.whole - b.score * UNIT) || b.score - a.score);
  for (const entry of byRemainder.slice(0, left)) entry.whole += 1;
  return entries.sort((a, b) => b.whole - a.whole || b.score - a.score).map(({ label, whole }) => ({ label, score: whole / UNIT }));
}

function decimals(value: number, digits: number): number {
  return Math.round(Number(`${value.toFixed(9)}e${digits}`)) / 10 ** digits;
}
