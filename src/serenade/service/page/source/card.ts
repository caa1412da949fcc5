// One recording on the page: progress, prediction, player and chart.

import { type Backend, type Prediction, Refused, type Windows } from "./backend";
import { clock, draw, runs } from "./chart";
import { download, type Format } from "./downloads";
import { decode, type Picture, picture } from "./sound";
import { shares, speakerAt, type Turn } from "./speakers";

/** Recordings up to this length have windows that show more detail than the default. */
const SHORT_S = 60;
const SHORT_WINDOWS: Windows = { window_s: 3, hop_s: 1 };
const STATES = { ok: "", unsure: "unsure", no_speech: "no speech" };

export class Card {
  readonly element: HTMLElement;
  private readonly audio = new Audio();
  private segments: Prediction[] = [];
  private prediction: Prediction | null = null;
  private picture: Picture | null = null;
  private turns: Turn[] = [];
  private duration = 0;

  constructor(
    private readonly file: File,
    private readonly announce: (text: string) => void,
  ) {
    const template = document.querySelector<HTMLTemplateElement>("#card")!;
    this.element = template.content.firstElementChild!.cloneNode(true) as HTMLElement;
    this.one(".file").textContent = file.name;
    this.element.setAttribute("aria-label", file.name);
    this.one(".remove").setAttribute("aria-label", `Remove ${file.name}`);
    this.one(".remove").addEventListener("click", () => this.remove());
    this.audio.src = URL.createObjectURL(file);
    this.listen();
  }

  async analyse(backend: Backend): Promise<void> {
    const progress = this.one<HTMLProgressElement>("progress");
    try {
      const samples = await decode(this.file);
      this.picture = samples && picture(samples);
      const windows = this.picture && this.picture.duration <= SHORT_S ? SHORT_WINDOWS : null;
      this.prediction = await backend.analyse(this.file, windows, {
        doing: (what) => {
          this.one(".working span").textContent = what;
        },
        progress: (done) => {
          progress.value = done;
        },
        segment: (segment) => this.segments.push(segment),
      });
      this.duration = Math.max(this.prediction.end, this.segments.at(-1)?.end ?? 0);
      this.show(this.prediction);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.fail(error.message);
    } finally {
      this.one(".working").hidden = true;
    }
  }

  /** Show who speaks when. */
  setTurns(turns: Turn[]): void {
    const stem = this.file.name.replace(/\.[^.]*$/, "");
    const names = new Set(turns.map(({ recording }) => recording));
    this.turns = names.size === 1 ? turns : turns.filter(({ recording }) => recording === stem);
    if (this.prediction) this.show(this.prediction);
  }

  redraw(): void {
    if (!this.prediction) return;
    draw(this.one<HTMLCanvasElement>(".chart canvas"), {
      duration: this.duration,
      labels: this.labels(),
      segments: this.segments,
      picture: this.picture,
      turns: this.turns,
    });
    this.follow();
  }

  private one<T extends HTMLElement = HTMLElement>(selector: string): T {
    return this.element.querySelector<T>(selector)!;
  }

  private labels(): string[] {
    return this.segments.find(({ scores }) => scores.length)?.scores.map(({ label }) => label).sort() ?? [];
  }

  private remove(): void {
    this.audio.pause();
    URL.revokeObjectURL(this.audio.src);
    this.element.remove();
  }

  private fail(message: string): void {
    this.one(".failure").hidden = false;
    this.one(".failure").textContent = message;
    this.announce(`${this.file.name}: ${message}`);
  }

  private show(prediction: Prediction): void {
    const { emotion, confidence, state } = prediction;
    this.one(".emotion").textContent = emotion ?? "No speech";
    this.one(".confidence").textContent = confidence === null ? "" : percent(confidence);
    const chip = this.one(".head .chip");
    chip.hidden = state !== "unsure";
    chip.className = `chip ${state}`;
    chip.textContent = STATES[state];
    this.one(".note").textContent = noteOf(prediction);
    this.one(".body").hidden = false;
    this.one(".bars").replaceChildren(...prediction.scores.map(({ label, score }) => bar(label, score)));
    this.one(".legend").replaceChildren(...this.labels().map(swatch));
    this.fillTable();
    this.fillSpeakers();
    this.one(".time").textContent = `0:00 / ${clock(Math.round(this.duration))}`;
    this.one(".chart").setAttribute("aria-valuemax", this.duration.toFixed(1));
    this.redraw();
    this.announce(`${this.file.name}: ${emotion ?? "no speech"} ${confidence === null ? "" : percent(confidence)} ${STATES[state]}`);
  }

  private fillTable(): void {
    const changes = runs(this.segments).length - 1;
    this.one("summary").textContent = `${count(this.segments.length, "segment")}, ${count(changes, "change")} of emotion`;
    const head = this.one("thead tr");
    head.querySelector(".speaker")?.remove();
    if (this.turns.length) head.append(element("th", "Speaker", { class: "speaker", scope: "col" }));
    const rows = this.segments.map((segment) => {
      const row = document.createElement("tr");
      const name = element("td", segment.emotion ?? "–");
      if (segment.emotion) name.prepend(dot(segment.emotion));
      row.append(
        element("td", clock(round(segment.start))),
        element("td", clock(round(segment.end))),
        name,
        element("td", segment.confidence === null ? "–" : percent(segment.confidence)),
        element("td", STATES[segment.state] || "ok"),
      );
      if (this.turns.length) row.append(element("td", speakerAt(this.turns, segment.start, segment.end)));
      row.addEventListener("click", () => this.seek(segment.start));
      return row;
    });
    this.one("tbody").replaceChildren(...rows);
  }

  private fillSpeakers(): void {
    const box = this.one(".speakers");
    box.hidden = !this.turns.length;
    const rows = [...shares(this.turns, this.segments)].map(([speaker, emotions]) => {
      const row = element("div", "", { class: "share" });
      const total = [...emotions.values()].reduce((sum, seconds) => sum + seconds, 0);
      const strip = document.createElement("div");
      const ranked = [...emotions].sort((a, b) => b[1] - a[1]);
      strip.setAttribute("role", "img");
      strip.setAttribute("aria-label", ranked.map(([name, seconds]) => `${name} ${percent(seconds / total)}`).join(", "));
      for (const [name, seconds] of ranked) {
        const part = dot(name);
        part.style.width = percent(seconds / total);
        strip.append(part);
      }
      row.append(element("span", speaker), strip);
      return row;
    });
    box.replaceChildren(element("h3", "Share of each emotion, by speaker"), ...rows);
  }

  private listen(): void {
    const { audio } = this;
    const play = this.one<HTMLButtonElement>(".play");
    const chart = this.one(".chart");
    play.addEventListener("click", () => void (audio.paused ? audio.play() : audio.pause()));
    audio.addEventListener("error", () => {
      play.disabled = true;
      play.title = "This browser cannot play this format";
    });
    for (const event of ["play", "pause", "ended"]) audio.addEventListener(event, () => this.toggled());
    audio.addEventListener("timeupdate", () => this.follow());
    const seekTo = ({ clientX }: PointerEvent) => {
      const box = chart.getBoundingClientRect();
      this.seek(((clientX - box.left) / box.width) * this.duration);
    };
    chart.addEventListener("pointerdown", (event) => {
      chart.setPointerCapture(event.pointerId);
      seekTo(event);
    });
    chart.addEventListener("pointermove", (event) => {
      if (chart.hasPointerCapture(event.pointerId)) seekTo(event);
    });
    chart.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1, PageUp: 10, PageDown: -10 }[event.key];
      if (step) this.seek(audio.currentTime + step);
      else if (event.key === "Home") this.seek(0);
      else if (event.key === "End") this.seek(this.duration);
      else if (event.key === " ") play.click();
      else return;
      event.preventDefault();
    });
    for (const button of this.element.querySelectorAll<HTMLElement>("[data-format]"))
      button.addEventListener("click", () => download(button.dataset.format as Format, this.file.name, this.prediction!, this.segments));
  }

  private toggled(): void {
    const play = this.one(".play");
    play.classList.toggle("playing", !this.audio.paused);
    play.setAttribute("aria-label", this.audio.paused ? "Play" : "Pause");
    const step = () => {
      this.follow();
      if (!this.audio.paused) requestAnimationFrame(step);
    };
    step();
  }

  private seek(seconds: number): void {
    this.audio.currentTime = Math.min(Math.max(0, seconds), this.duration);
    this.follow();
  }

  /** Move the play head, and name the emotion there. */
  private follow(): void {
    const at = Math.min(this.audio.currentTime, this.duration);
    const index = this.segments.findIndex(({ start, end }) => start <= at && at < end);
    const segment = this.segments[index] ?? this.segments.at(-1);
    if (!segment) return;
    const text = segment.emotion ? `${segment.emotion} ${percent(segment.confidence ?? 0)} ${STATES[segment.state]}`.trim() : "no speech";
    this.one(".head-line").style.left = `${(100 * at) / this.duration}%`;
    this.one(".time").textContent = `${clock(Math.floor(at))} / ${clock(Math.round(this.duration))}`;
    this.one(".now").textContent = text;
    const chart = this.one(".chart");
    chart.setAttribute("aria-valuenow", at.toFixed(1));
    chart.setAttribute("aria-valuetext", `${clock(Math.floor(at))}, ${text}`);
    for (const [i, row] of this.element.querySelectorAll("tbody tr").entries()) row.classList.toggle("current", i === index);
  }
}

function noteOf({ state, quality, domain_distance }: Prediction): string {
  const notes = [...(quality.warnings ?? [])];
  if (state === "unsure")
    notes.unshift(
      domain_distance && domain_distance > 1
        ? "the sound is unlike the recordings that the model was trained on; do not rely on it"
        : "no emotion is probable enough; do not rely on it",
    );
  if (state === "no_speech") notes.unshift("nobody speaks in this recording");
  return notes.map((note) => `${note.charAt(0).toUpperCase()}${note.slice(1)}.`).join(" ");
}

function bar(label: string, score: number): HTMLElement {
  const item = document.createElement("li");
  const track = element("span", "", { class: "track", "aria-hidden": "true" });
  const fill = element("span", "", { class: "fill" });
  fill.style.width = `${100 * score}%`;
  fill.style.background = variable(label);
  track.append(fill);
  item.append(element("span", label), track, element("span", percent(score), { class: "value" }));
  return item;
}

function swatch(label: string): HTMLElement {
  const item = document.createElement("li");
  item.append(dot(label), label);
  return item;
}

function dot(label: string): HTMLElement {
  const mark = document.createElement("i");
  mark.style.background = variable(label);
  return mark;
}

/** A colour that follows the theme. */
function variable(label: string): string {
  return `var(--${label}, var(--neutral))`;
}

function element(name: string, text: string, attributes: Record<string, string> = {}): HTMLElement {
  const created = document.createElement(name);
  created.textContent = text;
  for (const [key, value] of Object.entries(attributes)) created.setAttribute(key, value);
  return created;
}

/** "no segments", "1 segment", "2 segments". */
function count(number: number, noun: string): string {
  return `${number || "no"} ${noun}${number === 1 ? "" : "s"}`;
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

function round(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}
