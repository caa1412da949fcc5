// Files of a result: CSV and WebVTT as `serenade predict` writes them, JSON with prediction and segments.

import type { Prediction } from "./backend";

export type Format = "csv" | "json" | "vtt";

const TYPES: Record<Format, string> = { csv: "text/csv", json: "application/json", vtt: "text/vtt" };

export function download(format: Format, name: string, prediction: Prediction, segments: Prediction[]): void {
  const text = { csv: csv, json: json, vtt: vtt }[format](prediction, segments);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: TYPES[format] }));
  link.download = `${name.replace(/\.[^.]*$/, "")}.${format}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1_000);
}

function json(prediction: Prediction, segments: Prediction[]): string {
  return `${JSON.stringify({ prediction, segments }, null, 1)}\n`;
}

function csv(prediction: Prediction, segments: Prediction[]): string {
  const labels = prediction.scores.map(({ label }) => label).sort();
  const head = ["file", "start", "end", "emotion", "confidence", "state", ...labels.map((label) => `score_${label}`)];
  const rows = segments.map((segment) => [
    segment.file,
    segment.start,
    segment.end,
    segment.emotion ?? "",
    segment.confidence?.toFixed(4) ?? "",
    segment.state,
    ...labels.map((label) => segment.scores.find((entry) => entry.label === label)?.score.toFixed(4) ?? ""),
  ]);
  return [head, ...rows].map((row) => `${row.map(cell).join(",")}\n`).join("");
}

/** A cell that a spreadsheet would run as a formula begins with an apostrophe. */
function cell(value: string | number): string {
  const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function vtt(_: Prediction, segments: Prediction[]): string {
  const captions = segments
    .filter(({ emotion }) => emotion)
    .map(({ start, end, emotion, confidence, state }) => {
      const percent = Math.round((confidence ?? 0) * 100);
      return `\n${time(start)} --> ${time(end)}\n${emotion} ${percent}%${state === "unsure" ? " (unsure)" : ""}\n`;
    });
  return `WEBVTT\n${captions.join("")}`;
}

function time(seconds: number): string {
  const milliseconds = Math.round(seconds * 1000);
  const pad = (value: number, width = 2) => String(Math.floor(value)).padStart(width, "0");
  const [hours, minutes] = [milliseconds / 3_600_000, (milliseconds / 60_000) % 60];
  return `${pad(hours)}:${pad(minutes)}:${pad((milliseconds / 1000) % 60)}.${pad(milliseconds % 1000, 3)}`;
}
