// Waveform, log-mel spectrogram and emotions over time, on one axis.

import type { Prediction } from "./backend";
import type { Turn } from "./speakers";
import type { Picture } from "./sound";

const WAVE = 64;
const MEL = 84;
const AREA = 120;
const STRIP = 30;
const LANE = 12;
const AXIS = 20;
const GAP = 8;

export interface Content {
  duration: number;
  labels: string[];
  segments: Prediction[];
  picture: Picture | null;
  turns: Turn[];
}

/** The colour of an emotion, from the style sheet. */
export function colour(emotion: string): string {
  return css(`--${emotion}`) || css("--neutral");
}

export function draw(canvas: HTMLCanvasElement, content: Content): void {
  const speakers = [...new Set(content.turns.map((turn) => turn.speaker))];
  const pictured = content.picture ? WAVE + GAP + MEL + GAP : 0;
  const height = pictured + STRIP + 4 + AREA + (speakers.length ? GAP + speakers.length * (LANE + 4) : 0) + AXIS;
  const width = canvas.clientWidth;
  const scale = window.devicePixelRatio || 1;
  canvas.style.height = `${height}px`;
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext("2d")!;
  context.scale(scale, scale);
  context.font = `12px ${css("--font")}`;
  context.textBaseline = "middle";
  const x = (seconds: number) => (seconds / content.duration) * width;
  let top = 0;
  if (content.picture) {
    drawWave(context, content.picture, width);
    drawMel(context, content.picture, WAVE + GAP, width);
    top = pictured;
  }
  drawStrip(context, content, top, x);
  drawArea(context, content, top + STRIP + 4, x);
  top += STRIP + 4 + AREA;
  if (speakers.length) top = drawTurns(context, content, speakers, top + GAP, x);
  drawAxis(context, content.duration, top, width);
}

function drawWave(context: CanvasRenderingContext2D, { peaks, frames }: Picture, width: number): void {
  context.fillStyle = css("--accent");
  const middle = WAVE / 2;
  const columns = Math.floor(width / 3);
  for (let column = 0; column < columns; column++) {
    let low = 0;
    let high = 0;
    const end = Math.ceil(((column + 1) * frames) / columns);
    for (let i = Math.floor((column * frames) / columns); i < end; i++) {
      low = Math.min(low, peaks[2 * i] ?? 0);
      high = Math.max(high, peaks[2 * i + 1] ?? 0);
    }
    const length = Math.max(1.5, ((high - low) * (WAVE - 4)) / 2);
    context.beginPath();
    context.roundRect((column * width) / columns, middle - (high * (WAVE - 4)) / 2 - 0.75, 2, length, 1);
    context.fill();
  }
}

function drawMel(context: CanvasRenderingContext2D, { mel, frames, bands }: Picture, top: number, width: number): void {
  const image = new ImageData(frames, bands);
  const stops = [css("--soft"), css("--accent"), css("--happiness")].map(channels);
  for (let frame = 0; frame < frames; frame++) {
    for (let band = 0; band < bands; band++) {
      const level = mel[frame * bands + band]! ** 1.3 * 2;
      const at = Math.min(1, Math.floor(level));
      const share = Math.min(1, level - at);
      const pixel = 4 * ((bands - 1 - band) * frames + frame);
      for (let channel = 0; channel < 3; channel++)
        image.data[pixel + channel] = stops[at]![channel]! * (1 - share) + stops[at + 1]![channel]! * share;
      image.data[pixel + 3] = 255;
    }
  }
  const buffer = new OffscreenCanvas(frames, bands);
  buffer.getContext("2d")!.putImageData(image, 0, 0);
  context.save();
  context.beginPath();
  context.roundRect(0, top, width, MEL, 6);
  context.clip();
  context.drawImage(buffer, 0, top, width, MEL);
  context.restore();
}

/** The most probable emotion of each segment, equal neighbours joined. */
function drawStrip(context: CanvasRenderingContext2D, { segments }: Content, top: number, x: (s: number) => number): void {
  for (const run of runs(segments)) {
    const left = x(run.start);
    const width = Math.max(1, x(run.end) - left - 2);
    context.beginPath();
    context.roundRect(left, top, width, STRIP, 6);
    if (run.state === "no_speech" || !run.emotion) {
      context.fillStyle = css("--soft");
      context.fill();
      label(context, "no speech", left, width, top, css("--faint"));
      continue;
    }
    context.fillStyle = colour(run.emotion);
    if (run.state === "unsure") {
      context.save();
      context.globalAlpha = 0.22;
      context.fill();
      context.clip();
      context.globalAlpha = 0.6;
      context.strokeStyle = context.fillStyle;
      context.lineWidth = 1.5;
      context.beginPath();
      for (let at = left - STRIP; at < left + width; at += 8) {
        context.moveTo(at, top + STRIP);
        context.lineTo(at + STRIP, top);
      }
      context.stroke();
      context.restore();
      label(context, `${run.emotion}?`, left, width, top, css("--ink"), css("--card"));
    } else {
      context.fill();
      label(context, run.emotion, left, width, top, contrast(context.fillStyle as string));
    }
  }
}

function label(
  context: CanvasRenderingContext2D, text: string, left: number, width: number, top: number, ink: string, back?: string,
): void {
  context.font = `600 12px ${css("--font")}`;
  const size = context.measureText(text).width;
  if (size + 14 > width) return;
  if (back) {
    context.fillStyle = back;
    context.beginPath();
    context.roundRect(left + 5, top + 6, size + 8, STRIP - 12, 4);
    context.fill();
  }
  context.fillStyle = ink;
  context.fillText(text, left + 9, top + STRIP / 2 + 0.5);
}

/** The probability of every emotion, stacked to 1. */
function drawArea(context: CanvasRenderingContext2D, { segments, labels, duration }: Content, top: number, x: (s: number) => number): void {
  context.save();
  context.beginPath();
  context.roundRect(0, top, x(duration), AREA, 6);
  context.clip();
  context.fillStyle = css("--soft");
  context.fillRect(0, top, x(duration), AREA);
  for (const group of groups(segments)) {
    const floor = group.map(() => 0);
    for (const name of labels) {
      const score = group.map((segment) => segment.scores.find((entry) => entry.label === name)?.score ?? 0);
      const lower = [...floor];
      for (const [i, value] of score.entries()) floor[i]! += value;
      context.fillStyle = colour(name);
      context.globalAlpha = 0.88;
      context.beginPath();
      edge(context, group, floor, top, x, false);
      edge(context, group, lower, top, x, true);
      context.closePath();
      context.fill();
    }
  }
  context.restore();
}

/** One border of an area: level within the first and last half segment, straight between centres. */
function edge(
  context: CanvasRenderingContext2D, group: Prediction[], values: number[], top: number, x: (s: number) => number, back: boolean,
): void {
  const y = (value: number) => top + AREA * (1 - value);
  const points: [number, number][] = [[x(group[0]!.start), y(values[0]!)]];
  for (const [i, segment] of group.entries()) points.push([x((segment.start + segment.end) / 2), y(values[i]!)]);
  points.push([x(group.at(-1)!.end), y(values.at(-1)!)]);
  for (const [px, py] of back ? points.reverse() : points) context.lineTo(px, py);
}

function drawTurns(
  context: CanvasRenderingContext2D, { turns, segments }: Content, speakers: string[], top: number, x: (s: number) => number,
): number {
  context.font = `11px ${css("--font")}`;
  for (const speaker of speakers) {
    for (const turn of turns.filter((turn) => turn.speaker === speaker)) {
      const segment = segments.find((one) => one.start <= turn.start && turn.start < one.end);
      context.fillStyle = segment?.emotion ? colour(segment.emotion) : css("--rule");
      context.beginPath();
      context.roundRect(x(turn.start), top, Math.max(2, x(turn.end) - x(turn.start)), LANE, 3);
      context.fill();
    }
    top += LANE + 4;
  }
  return top;
}

function drawAxis(context: CanvasRenderingContext2D, duration: number, top: number, width: number): void {
  const step = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600].find((s) => (s / duration) * width >= 64) ?? 3600;
  context.fillStyle = css("--faint");
  context.font = `11px ${css("--font")}`;
  for (let at = 0; at <= duration; at += step) {
    const text = step < 1 ? `${at.toFixed(1)} s` : clock(at);
    const size = context.measureText(text).width;
    context.fillText(text, Math.min(width - size, Math.max(0, (at / duration) * width - size / 2)), top + 13);
  }
}

/** Neighbours with one emotion and state, joined. */
export function runs(segments: Prediction[]): { start: number; end: number; emotion: string | null; state: string }[] {
  const joined: { start: number; end: number; emotion: string | null; state: string }[] = [];
  for (const { start, end, emotion, state } of segments) {
    const last = joined.at(-1);
    if (last && last.emotion === emotion && last.state === state && start - last.end < 0.01) last.end = end;
    else joined.push({ start, end, emotion, state });
  }
  return joined;
}

/** Neighbours with speech. */
function groups(segments: Prediction[]): Prediction[][] {
  const found: Prediction[][] = [];
  let group: Prediction[] = [];
  for (const segment of segments) {
    if (segment.scores.length) {
      if (!group.length) found.push(group);
      group.push(segment);
    } else group = [];
  }
  return found;
}

export function clock(seconds: number): string {
  const whole = Math.floor(seconds);
  const rest = seconds % 1 ? `.${Math.round((seconds % 1) * 10)}` : "";
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const end = `${String(whole % 60).padStart(2, "0")}${rest}`;
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${end}` : `${minutes}:${end}`;
}

function css(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function channels(hex: string): number[] {
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
}

/** Black or white, whichever can be read on a colour. */
function contrast(hex: string): string {
  const [red, green, blue] = channels(hex).map((value) => (value / 255) ** 2.2) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.2 ? "#14181f" : "#ffffff";
}
