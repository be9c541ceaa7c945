import { createHash } from 'node:crypto';
import * as z from 'zod';
import { HOST_LIMITS } from '../limits.js';
import { readPrivateFile, writePrivateFile } from '../private-file.js';

/** What a developer has said of a visitor. */
export type Answer = 'admitted' | 'refused';

const Stored = z.record(z.string(), z.enum(['admitted', 'refused']));
const WORDS = {
  holds: 'whom you have let in',
  deleting: 'to be asked about each visitor anew',
};

/** What a developer has answered about visitors, in a file that the next host of the same name reads. */
export class RememberedAnswers {
  /** By the hash of a visitor's id, as whoever knows the id can pass for the visitor; the latest answer at the end. */
  readonly #answers: Map<string, Answer>;
  readonly #path: string;

  /** Fails when the file is damaged, and with KEY_UNSAFE when it is not its owner's alone; there need not be one. */
  constructor(path: string) {
    this.#path = path;
    const text = readPrivateFile(path, HOST_LIMITS.answersFileBytes, WORDS);
    this.#answers = new Map(text === undefined ? [] : Object.entries(parse(text, path)));
  }

  /** What has been said of a visitor, if anything has. */
  of(id: string): Answer | undefined {
    return this.#answers.get(hash(id));
  }

  /** Keeps an answer in place of an earlier one. Fails when it can't be written; it holds as long as the host lives then. */
  keep(id: string, answer: Answer): void {
    const key = hash(id);
    this.#answers.delete(key);
    if (this.#answers.size >= HOST_LIMITS.answers) this.#forgetOne();
    this.#answers.set(key, answer);
    writePrivateFile(this.#path, JSON.stringify(Object.fromEntries(this.#answers)));
  }

  /** About somebody who was let in the developer is asked again, and who was refused has to stay out. */
  #forgetOne(): void {
    const all = [...this.#answers];
    const [key] = all.find(([, answer]) => answer === 'admitted') ?? all[0] ?? [];
    if (key !== undefined) this.#answers.delete(key);
  }
}

function hash(id: string): string {
  return createHash('sha256').update(id).digest('base64url');
}

function parse(text: string, path: string): Readonly<Record<string, Answer>> {
  try {
    return Stored.parse(JSON.parse(text));
  } catch (cause) {
    throw new Error(`${path} is damaged; delete it ${WORDS.deleting}`, { cause });
  }
}
