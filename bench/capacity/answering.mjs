// How a child of the capacity run answers: each line that it reads is a question, and each that it writes an answer.
import { createInterface } from 'node:readline';

export const settings = JSON.parse(process.argv[2] ?? '{}');

/** Says that the child is ready, and answers until its input ends; `answers` are functions by the name of the question. */
export function answering(answers) {
  console.log(JSON.stringify({ ready: true }));
  createInterface({ input: process.stdin })
    .on('line', (line) => {
      const { ask, ...given } = JSON.parse(line);
      Promise.resolve(answers[ask](given)).then(
        (value) => console.log(JSON.stringify({ value: value ?? null })),
        (error) => console.log(JSON.stringify({ error: String(error) })),
      );
    })
    .once('close', () => process.exit(0));
}
