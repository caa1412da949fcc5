// The page: recordings in, one card for each.

import { type Backend, type ModelInfo, Refused } from "./backend";
import { Card } from "./card";
import { clock } from "./chart";
import { Recorder } from "./recorder";
import { parseRttm, type Turn } from "./speakers";

let backend: Backend;
const recorder = new Recorder();
const cards = new Set<Card>();
let turns: Turn[] = [];
let queue = Promise.resolve();

const one = <T extends HTMLElement>(selector: string) => document.querySelector<T>(selector)!;
const announce = (text: string) => {
  one("#status").textContent = text;
};

function add(files: Iterable<File>): void {
  const added: Card[] = [];
  for (const file of files) {
    if (file.name.toLowerCase().endsWith(".rttm")) {
      void file.text().then((text) => {
        turns = parseRttm(text);
        for (const card of cards) card.setTurns(turns);
      });
      continue;
    }
    const card = new Card(file, announce);
    cards.add(card);
    added.push(card);
    // One after another, so that the first is there soon.
    queue = queue.then(() => card.analyse(backend)).then(() => (turns.length ? card.setTurns(turns) : undefined));
  }
  one("#results").prepend(...added.map(({ element }) => element));
}

function alert(message: string): void {
  one("#alert").hidden = !message;
  one("#alert").textContent = message;
}

function listenToFiles(): void {
  const input = one<HTMLInputElement>("#files");
  input.addEventListener("change", () => {
    add(input.files ?? []);
    input.value = "";
  });
  const drop = one("#drop");
  let depth = 0;
  addEventListener("dragenter", () => drop.classList.toggle("over", ++depth > 0));
  addEventListener("dragleave", () => drop.classList.toggle("over", --depth > 0));
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    depth = 0;
    drop.classList.remove("over");
    add(event.dataTransfer?.files ?? []);
  });
}

function listenToRecorder(): void {
  const button = one("#record");
  const set = (isRecording: boolean) => {
    button.classList.toggle("recording", isRecording);
    one("#record-label").textContent = isRecording ? "Stop" : "Record";
    one("#meter").hidden = !isRecording;
    one("#hint").hidden = isRecording;
  };
  button.addEventListener("click", async () => {
    if (recorder.isRecording) {
      recorder.stop();
      set(false);
      return;
    }
    alert("");
    set(true);
    try {
      await recorder.start(
        one<HTMLCanvasElement>("#level"),
        (seconds) => {
          one("#elapsed").textContent = clock(Math.floor(seconds));
        },
        (file) => add([file]),
      );
      announce("Recording");
    } catch {
      set(false);
      alert("The microphone cannot be used; allow it in the browser's settings for this page.");
    }
  });
}

function describe(model: ModelInfo): void {
  const corpora = model.corpora.map(({ name }) => name).join(", ");
  const trained = corpora ? `, trained on ${corpora}` : "";
  one("#model").textContent = `Model ${model.name} ${model.version}${trained}. Licence: ${model.license}.`;
  if (model.unsure_below > 0)
    one("#threshold").textContent = ` (below ${Math.round(100 * model.unsure_below)} %)`;
}

async function start(): Promise<void> {
  try {
    describe(await backend.model());
    one("#token").hidden = true;
    alert("");
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (error.code === "unauthorized") {
      if (backend.token) alert("This token is wrong.");
      one("#token").hidden = false;
    } else alert(error.message);
  }
}

export function run(predictor: Backend): void {
  backend = predictor;
  one("#token").addEventListener("submit", (event) => {
    event.preventDefault();
    backend.token = one<HTMLInputElement>("#token-value").value;
    void start();
  });
  addEventListener("resize", () => cards.forEach((card) => card.redraw()));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => cards.forEach((card) => card.redraw()));
  listenToFiles();
  listenToRecorder();
  void start();
}
