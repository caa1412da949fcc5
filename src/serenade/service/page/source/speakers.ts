// Speakers of a recording, from an RTTM file.

import type { Prediction } from "./backend";

export interface Turn {
  recording: string;
  speaker: string;
  start: number;
  end: number;
}

export function parseRttm(text: string): Turn[] {
  return text
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((cells) => cells[0] === "SPEAKER" && cells.length >= 8)
    .map((cells) => {
      const start = Number(cells[3]);
      return { recording: cells[1]!, speaker: cells[7]!, start, end: start + Number(cells[4]) };
    })
    .filter(({ start, end }) => Number.isFinite(start) && end > start);
}

/** The speaker who speaks longest between two times. */
export function speakerAt(turns: Turn[], start: number, end: number): string {
  const seconds = new Map<string, number>();
  for (const turn of turns) {
    const overlap = Math.min(end, turn.end) - Math.max(start, turn.start);
    if (overlap > 0) seconds.set(turn.speaker, (seconds.get(turn.speaker) ?? 0) + overlap);
  }
  return [...seconds].sort((a, b) => b[1] - a[1])[0]?.[0] ?? "";
}

/** Seconds of each emotion, by speaker. */
export function shares(turns: Turn[], segments: Prediction[]): Map<string, Map<string, number>> {
  const found = new Map<string, Map<string, number>>();
  for (const turn of turns) {
    const emotions = found.get(turn.speaker) ?? new Map<string, number>();
    found.set(turn.speaker, emotions);
    for (const segment of segments) {
      const overlap = Math.min(segment.end, turn.end) - Math.max(segment.start, turn.start);
      if (overlap > 0 && segment.emotion) emotions.set(segment.emotion, (emotions.get(segment.emotion) ?? 0) + overlap);
    }
  }
  return found;
}
