// What a run brings, kept in two files: as Markdown, and with every sample as JSON.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { section, targetsTable } from './report.mjs';
import { targetRows } from './targets.mjs';

const QUIETLY = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] };

/** What the figures were taken on. */
function machine() {
  const read = (path) => readFileSync(path, 'utf8').trim();
  const [{ model }] = cpus();
  return {
    cores: `${cpus().length} × ${model}`,
    kernel: release(),
    node: process.version,
    chromium: execFileSync('/usr/bin/chromium', ['--version'], QUIETLY).trim(),
    tcp: read('/proc/sys/net/ipv4/tcp_congestion_control'),
  };
}

/** All that a run has brought, written anew after each part: an interrupted run keeps what it has. */
export class Results {
  #options;
  #startedAt = new Date().toISOString();
  #machine = machine();
  #sections = [];
  #comparisons = [];
  #rows = [];

  constructor(options) {
    this.#options = options;
  }

  compared(name, measure, result) {
    this.#sections.push(section(name, measure, result));
    this.#comparisons.push({ measure: name, ...result });
    const rows = targetRows(measure, result.setting, result.samples);
    this.add(rows.map((row) => ({ ...row, figure: `${name}, ${row.figure}` })));
  }

  add(rows) {
    this.#rows.push(...rows);
    this.#write();
  }

  get markdown() {
    const about = Object.entries(this.#machine).map(([name, value]) => `${name}: ${value}`);
    const head = [`## Bench, ${this.#startedAt}`, `${about.join('; ')}. Median (least–most).`];
    return [...head, ...this.#sections, targetsTable(this.#rows), ''].join('\n\n');
  }

  #write() {
    mkdirSync(this.#options.out, { recursive: true });
    const file = join(this.#options.out, this.#startedAt.replaceAll(':', '-').slice(0, 19));
    const data = { startedAt: this.#startedAt, machine: this.#machine, options: this.#options };
    writeFileSync(`${file}.md`, this.markdown);
    writeFileSync(
      `${file}.json`,
      JSON.stringify({ ...data, comparisons: this.#comparisons, targets: this.#rows }, null, 1),
    );
  }
}
